//! Leaves of the log other than manifests: they name what was published by its hash.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// One thing that was published.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Leaf {
    /// Of which kind.
    pub kind: LeafKind,
    /// Hash of its text, without signatures.
    pub sha256: Digest,
}

/// What a leaf may name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeafKind {
    /// A root.
    Root,
    /// A list statement.
    List,
    /// An order to relax.
    Relax,
    /// One that takes such an order back.
    RelaxCancel,
}

impl fmt::Display for LeafKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Root => "root",
            Self::List => "list statement",
            Self::Relax => "relax order",
            Self::RelaxCancel => "cancelled relax order",
        })
    }
}
