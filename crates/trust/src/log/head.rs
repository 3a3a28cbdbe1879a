//! Tree heads: a log's size and root hash, all that must be remembered of it.

use serde::{Deserialize, Serialize};

use crate::bundle::Node;

/// The tree of a log at one size.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TreeHead {
    /// How many leaves it has.
    pub size: u64,
    /// Its root hash.
    pub hash: Node,
}

impl TreeHead {
    /// The tree without leaves; its hash is that of no bytes (RFC 6962 §2.1).
    pub const EMPTY: Self = Self { size: 0, hash: Node(tlog_tiles::EMPTY_HASH.0) };
}
