//! A list that may be put in force, with all that is to be remembered of it.

use std::collections::BTreeMap;

use starttls_policy::{Finding, List, Relaxations, Timestamp};
use starttls_trust::Digest;

use crate::fetch::Version;
use crate::state::Memory;

/// A list that was accepted and is not kept yet.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) list: List,
    pub(crate) bytes: Bytes,
    pub(crate) size: u64,
    pub(crate) sha256: Digest,
    /// What makes it believable, as it came.
    pub(crate) proof: Option<Vec<u8>>,
    /// Names what the operator pinned.
    pub(crate) anchor: Option<String>,
    pub(crate) memory: Memory,
    pub(crate) signers: Vec<String>,
    pub(crate) relaxations: Relaxations,
    /// When the relaxations change.
    pub(crate) relaxed_until: Option<Timestamp>,
    pub(crate) findings: Vec<Finding>,
    /// What the server called this version, by address.
    pub(crate) seen: BTreeMap<String, Version>,
}

/// Where a candidate's bytes are.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// Kept already.
    Held,
    /// In memory.
    Read(Vec<u8>),
    /// Downloaded.
    Incoming(crate::state::Incoming),
}
