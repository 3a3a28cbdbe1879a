//! Object ids: what git calls a thing, a hash of its kind, its length and its bytes.
//!
//! Spec: git-hash-object(1), and git's "hash-function-transition" page.

use alloc::string::ToString;
use base16ct::HexDisplay;
use core::fmt;

use sha1collisiondetection::Sha1CD;
use sha2::{Digest as _, Sha256};

/// The name of an object, in lower-case hex when shown.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ObjectId {
    /// Of a repository in the older format, which nearly all are.
    Sha1([u8; 20]),
    /// Of a repository in the newer format.
    Sha256([u8; 32]),
}

/// The hash of a repository.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ObjectFormat {
    /// SHA-1, watched for collisions.
    Sha1,
    /// SHA-256.
    Sha256,
}

/// What an object is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ObjectKind {
    /// A file's bytes.
    Blob,
    /// A state of everything, with its history.
    Commit,
    /// An annotated tag.
    Tag,
    /// A folder.
    Tree,
}

/// The bytes were made so that others have the same SHA-1.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the object was made so that another one has the same SHA-1; somebody is forging objects")]
#[non_exhaustive]
pub struct CollisionError;

impl ObjectId {
    /// Reads 40 or 64 digits of lower-case hex.
    pub fn parse(hex: &[u8]) -> Option<Self> {
        match hex.len() {
            40 => decode(hex).map(Self::Sha1),
            64 => decode(hex).map(Self::Sha256),
            _ => None,
        }
    }

    /// The id of an object, from its bytes without git's own header.
    ///
    /// # Errors
    /// [`CollisionError`] if the bytes carry an attack on SHA-1.
    pub fn of(kind: ObjectKind, format: ObjectFormat, bytes: &[u8]) -> Result<Self, CollisionError> {
        let length = bytes.len().to_string();
        let parts = [kind.name().as_bytes(), b" ", length.as_bytes(), b"\0", bytes];
        match format {
            ObjectFormat::Sha1 => {
                let mut hash = Sha1CD::default();
                for part in parts {
                    hash.update(part);
                }
                hash.finalize_cd().map(|hash| Self::Sha1(hash.into())).map_err(|_| CollisionError)
            }
            ObjectFormat::Sha256 => {
                let mut hash = Sha256::new();
                for part in parts {
                    hash.update(part);
                }
                Ok(Self::Sha256(hash.finalize().into()))
            }
        }
    }

    /// The hash that it is.
    pub fn format(&self) -> ObjectFormat {
        match self {
            Self::Sha1(_) => ObjectFormat::Sha1,
            Self::Sha256(_) => ObjectFormat::Sha256,
        }
    }
}

impl ObjectKind {
    /// As git writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Commit => "commit",
            Self::Tag => "tag",
            Self::Tree => "tree",
        }
    }

    pub(super) fn from_name(name: &[u8]) -> Option<Self> {
        [Self::Blob, Self::Commit, Self::Tag, Self::Tree]
            .into_iter()
            .find(|kind| kind.name().as_bytes() == name)
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: &[u8] = match self {
            Self::Sha1(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
        };
        write!(f, "{:x}", HexDisplay(bytes))
    }
}

fn decode<const BYTES: usize>(hex: &[u8]) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    let decoded = base16ct::lower::decode(hex, &mut bytes).ok()?.len();
    (decoded == BYTES).then_some(bytes)
}

#[cfg(test)]
mod ids {
    use super::*;

    #[test]
    fn are_what_git_computes() {
        // `printf hello | git hash-object --stdin`, in a repository of either format.
        for (format, want) in [
            (ObjectFormat::Sha1, "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"),
            (ObjectFormat::Sha256, "8aec4e4876f854f688d0ebfc8f37598f38e5fd6903cccc850ca36591175aeb60"),
        ] {
            let id = ObjectId::of(ObjectKind::Blob, format, b"hello").unwrap();
            assert_eq!(id.to_string(), want);
            assert_eq!(ObjectId::parse(want.as_bytes()), Some(id));
            assert_eq!(id.format(), format);
        }
    }

    #[test]
    fn in_other_forms_are_refused() {
        let good = "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0";
        for text in ["", &good[1..], &good.to_uppercase(), &good.replace('b', "g"), &good.replace('b', "é")]
        {
            assert_eq!(ObjectId::parse(text.as_bytes()), None, "{text}");
        }
    }
}
