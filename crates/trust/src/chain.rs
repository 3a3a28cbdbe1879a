//! The chain of roots: from the one that the operator pinned to the one in force, version by version.
//!
//! Each is signed by the role `root` of the one before it and of itself, so that whoever holds an old root finds the new
//! keys by himself, and nobody who lost an old key can skip a rotation.
//!
//! Spec: docs/list-distribution.md, "Acceptance", step 1.

use alloc::string::{String, ToString};

use crate::digest::Digest;
use crate::document::{DocumentError, Root, RootRef};
use crate::note::{NoteError, SignedNote};
use crate::threshold::{self, RoleName, ThresholdError};

/// A root that is trusted: pinned by the operator, or reached from there.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    root: Root,
    sha256: Digest,
    note: String,
}

/// Why a file cannot be pinned as a root.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    /// No signed note.
    #[error("the root: {0}")]
    Note(#[from] NoteError),
    /// A note, but not of a root.
    #[error("the root: {0}")]
    Document(#[from] DocumentError),
    /// Too few of those whom it names have signed it.
    #[error("the root of version {version} is {cause}")]
    NotSigned {
        /// Its version.
        version: u64,
        /// Who signed and who did not.
        cause: ThresholdError,
    },
}

/// Why a chain of roots is not followed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// No root at all.
    #[error("the bundle carries no root")]
    Empty,
    /// Something that is none.
    #[error("the bundle's root number {place}: {message}")]
    Unreadable {
        /// Counted from 1.
        place: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A gap, a repetition, or the wrong order.
    #[error("rotated root skipped: after version {after} comes version {got}; want each once, in order")]
    Skipped {
        /// The version before; the pinned one's when the bundle begins after it.
        after: u64,
        /// What follows.
        got: u64,
    },
    /// Fewer roots than are known.
    #[error("the bundle's newest root is of version {newest}; version {known} is known already")]
    RolledBack {
        /// The newest there.
        newest: u64,
        /// The newest that was accepted or pinned.
        known: u64,
    },
    /// Not enough of those who had to agree have.
    #[error("the root of version {version} is not signed as root {by} demands: {cause}")]
    NotSigned {
        /// Whose signatures are missing.
        version: u64,
        /// The version that says who had to sign: the one before, or the same.
        by: u64,
        /// Who signed and who did not.
        cause: ThresholdError,
    },
    /// The pinned version is another document there, and nobody who counts signed that.
    #[error(
        "the bundle's root of version {version} is not the pinned one: is this source, or the pinned root, the right one?"
    )]
    Foreign {
        /// The version.
        version: u64,
    },
    /// Two roots of one version, both signed by those who count.
    #[error("there are two roots of version {version}, both validly signed: {known} and {got}")]
    Equivocation {
        /// The version.
        version: u64,
        /// Hash of the one that is known.
        known: Digest,
        /// Hash of the other.
        got: Digest,
    },
}

impl Anchor {
    /// Reads the note of a root that the operator trusts, and sees to it that those whom it names have signed it.
    ///
    /// # Errors
    /// [`AnchorError`].
    pub fn parse(note: &[u8]) -> Result<Self, AnchorError> {
        let (anchor, note) = Self::read(note)?;
        let version = anchor.root.version;
        threshold::met(&anchor.root, RoleName::Root, &note)
            .map_err(|cause| AnchorError::NotSigned { version, cause })?;
        Ok(anchor)
    }

    /// A root of whose signatures nothing is known yet.
    fn read(bytes: &[u8]) -> Result<(Self, SignedNote), AnchorError> {
        let note = SignedNote::parse(bytes)?;
        let root = Root::parse(note.text())?;
        let sha256 = Digest::of(note.text().as_bytes());
        Ok((Self { root, sha256, note: note.to_string() }, note))
    }

    /// What it says.
    pub const fn root(&self) -> &Root {
        &self.root
    }

    /// Its version and hash.
    pub const fn reference(&self) -> RootRef {
        RootRef { version: self.root.version, sha256: self.sha256 }
    }

    /// The signed note, to be kept or shown.
    pub fn note(&self) -> &str {
        &self.note
    }
}

/// Follows the bundle's roots from the pinned one to the newest, which is returned.
///
/// `known` is the newest root that was accepted before: the chain must lead through it. Roots older than the pinned one
/// may stand there, and bear on nothing.
///
/// # Errors
/// [`ChainError`].
pub fn follow(anchor: &Anchor, known: Option<RootRef>, roots: &[String]) -> Result<Anchor, ChainError> {
    let mut newest: Option<Anchor> = None;
    let mut before: Option<u64> = None;
    for (index, text) in roots.iter().enumerate() {
        let unreadable = |message| ChainError::Unreadable { place: index + 1, message };
        let (next, note) = Anchor::read(text.as_bytes()).map_err(|error| {
            unreadable(match error {
                AnchorError::Note(fault) => fault.to_string(),
                AnchorError::Document(fault) => fault.to_string(),
                other @ AnchorError::NotSigned { .. } => other.to_string(),
            })
        })?;
        let version = next.root.version;
        let after = before.unwrap_or_else(|| (version - 1).min(anchor.root.version));
        if after.checked_add(1) != Some(version) {
            return Err(ChainError::Skipped { after, got: version });
        }
        before = Some(version);
        if version < anchor.root.version {
            continue;
        }
        if version == anchor.root.version {
            check_pinned(anchor, &next, &note)?;
        } else {
            let signed_by = newest.as_ref().unwrap_or(anchor);
            check_signed(signed_by.root(), version, &note)?;
            check_signed(next.root(), version, &note)?;
        }
        if let Some(known) = known.filter(|known| known.version == version && known.sha256 != next.sha256) {
            return Err(ChainError::Equivocation { version, known: known.sha256, got: next.sha256 });
        }
        newest = Some(next);
    }
    let oldest = anchor.root.version.max(known.map_or(0, |known| known.version));
    match (newest, before) {
        (Some(newest), _) if newest.root.version >= oldest => Ok(newest),
        (_, Some(newest)) => Err(ChainError::RolledBack { newest, known: oldest }),
        (_, None) => Err(ChainError::Empty),
    }
}

fn check_signed(by: &Root, version: u64, note: &SignedNote) -> Result<(), ChainError> {
    match threshold::met(by, RoleName::Root, note) {
        Ok(_) => Ok(()),
        Err(cause) => Err(ChainError::NotSigned { version, by: by.version, cause }),
    }
}

/// The pinned root's text stands there, whoever's signatures are below it.
fn check_pinned(anchor: &Anchor, next: &Anchor, note: &SignedNote) -> Result<(), ChainError> {
    let (version, known, got) = (anchor.root.version, anchor.sha256, next.sha256);
    if known == got {
        Ok(())
    } else if threshold::met(&anchor.root, RoleName::Root, note).is_ok() {
        Err(ChainError::Equivocation { version, known, got })
    } else {
        Err(ChainError::Foreign { version })
    }
}
