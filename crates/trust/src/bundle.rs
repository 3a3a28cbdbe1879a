//! The proof bundle: all that must be known of a list before it is fetched, in one file that any mirror can carry.
//!
//! Everything else that is fetched stands under a name made from its hash, so this is the one file that changes.
//! Reading it proves nothing; that is `crate::accept`.
//!
//! Spec: docs/list-distribution.md, "Proof bundle".

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use starttls_policy::printable;

use crate::digest::Digest;
use crate::document::LeafKind;

/// The proof bundle as it stands in `proof.json`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bundle {
    /// Always [`BUNDLE_TYPE`].
    #[serde(rename = "type")]
    type_name: String,
    /// Signed notes of all roots, version 1 first, the one in force last.
    pub roots: Vec<String>,
    /// Signed note of the list statement in force.
    pub list: String,
    /// Text of the relax set in force.
    pub relax: String,
    /// Text of the manifest, the log's last leaf.
    pub manifest: String,
    /// That the manifest is the last leaf.
    pub manifest_proof: Vec<Node>,
    /// That everything the manifest names is in the log.
    pub included: Vec<Inclusion>,
    /// Signed note of the log's checkpoint, with the witnesses' cosignatures.
    pub checkpoint: String,
}

/// That one leaf is in the log.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Inclusion {
    /// What the leaf names.
    pub kind: LeafKind,
    /// Hash of its text.
    pub sha256: Digest,
    /// The leaf's place, counted from 0.
    pub index: u64,
    /// Hashes from the leaf's sibling up (RFC 6962 §2.1.1).
    pub proof: Vec<Node>,
}

/// Hash of one node of the log's tree; written in base64, as C2SP's formats do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Node(pub [u8; 32]);

/// Why a file is no proof bundle.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Too large to be one.
    #[error("a proof bundle has at most {MAX_BUNDLE_BYTES} bytes")]
    TooLarge,
    /// No JSON, or not of the form.
    #[error("it is no proof bundle: {message}")]
    Form {
        /// What is wrong, and where.
        message: String,
    },
}

/// The `type` of a bundle.
pub const BUNDLE_TYPE: &str = "starttls-everywhere/proof/v1";

/// Largest bundle: many relax orders of the largest size fit.
pub const MAX_BUNDLE_BYTES: u64 = 16 << 20;

/// Longest proof of one leaf: trees have fewer than 2⁶³ leaves.
pub const MAX_PROOF_NODES: usize = 63;

impl Bundle {
    /// An empty one, to be filled by whoever publishes.
    pub fn new(checkpoint: String) -> Self {
        Self {
            type_name: BUNDLE_TYPE.into(),
            roots: Vec::new(),
            list: String::new(),
            relax: String::new(),
            manifest: String::new(),
            manifest_proof: Vec::new(),
            included: Vec::new(),
            checkpoint,
        }
    }

    /// Reads `proof.json`.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge);
        }
        let bundle: Self = serde_json::from_slice(bytes)
            .map_err(|error| BundleError::Form { message: printable(&error.to_string()) })?;
        if bundle.type_name != BUNDLE_TYPE {
            let message = alloc::format!("want the type `{BUNDLE_TYPE}`");
            return Err(BundleError::Form { message });
        }
        Ok(bundle)
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64::encode_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut node = [0; 32];
        match Base64::decode(&text, &mut node) {
            Ok(bytes) if bytes.len() == 32 => Ok(Self(node)),
            _ => Err(serde::de::Error::custom("want a hash of 32 bytes in base64".to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let mut bundle = Bundle::new("checkpoint\n".into());
        bundle.manifest_proof.push(Node([7; 32]));
        let sha256 = Digest::of(b"");
        bundle.included.push(Inclusion {
            kind: LeafKind::List,
            sha256,
            index: 3,
            proof: [Node([1; 32])].into(),
        });
        assert_eq!(Bundle::parse(bundle.to_text().as_bytes()).unwrap(), bundle);
    }

    #[test]
    fn anything_else_is_refused() {
        let text = Bundle::new(String::new()).to_text();
        for bad in ["", "{}", "[]", &text.replace("v1", "v2"), &text.replace("\"roots\"", "\"root\"")] {
            assert!(matches!(Bundle::parse(bad.as_bytes()), Err(BundleError::Form { .. })), "{bad}");
        }
    }
}
