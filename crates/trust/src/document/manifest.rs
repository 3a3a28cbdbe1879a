//! The manifest: the log's last leaf, which says what is in force; so that nobody pairs an old list with a new log.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// What was in force when the log had its size.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// The root.
    pub root: RootRef,
    /// The list.
    pub list: ListRef,
    /// Hash of the relax set's text.
    pub relax: Digest,
}

/// One root.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RootRef {
    /// Its version.
    pub version: u64,
    /// Hash of its text.
    pub sha256: Digest,
}

/// One list.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ListRef {
    /// Its serial.
    pub serial: u64,
    /// Hash of its bytes.
    pub sha256: Digest,
    /// Hash of its statement's text.
    pub statement: Digest,
}
