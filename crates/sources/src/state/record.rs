//! `state.json`: what is remembered of one source, and which files beside it are in force.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use starttls_policy::Timestamp;
use starttls_trust::accept::{self, PlainMemory};
use starttls_trust::{Digest, ladder};

use super::time;
use crate::fetch::Version;

use crate::settings::Trust;

/// The form of the file; a later one is not read.
pub(super) const FORM: u64 = 1;

/// Everything that is remembered of one source.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Record {
    /// [`FORM`].
    pub(crate) version: u64,
    /// Grows with every writing.
    pub(crate) revision: u64,
    /// What kind of trust accepted what is in force.
    pub(crate) trust: TrustKind,
    /// Names what the operator pinned when it was accepted: a certificate's fingerprint or a root's hash.
    pub(crate) anchor: Option<String>,
    /// What protects from going back.
    pub(crate) memory: Option<Memory>,
    /// Where on the ladder the source was at the end of the last run.
    pub(crate) ladder: ladder::State,
    /// The list in force.
    pub(crate) list: Option<KeptList>,
    /// The list before it.
    pub(crate) previous: Option<KeptList>,
    /// What servers called the version they last served, by address.
    pub(crate) seen: BTreeMap<String, Version>,
    /// When the last run was.
    #[serde(with = "time")]
    pub(crate) tried: Option<Timestamp>,
    /// When the source was last found in order.
    #[serde(with = "time")]
    pub(crate) succeeded: Option<Timestamp>,
    /// What went wrong in the last run.
    pub(crate) failure: Option<Failure>,
    /// Since when every mirror is behind what is remembered.
    #[serde(with = "time")]
    pub(crate) behind_since: Option<Timestamp>,
}

/// What makes a list believable, without what that needs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustKind {
    /// Signatures of several organisations, with proofs.
    Witnessed,
    /// One OpenPGP certificate.
    Openpgp,
    /// A git tag that one OpenPGP certificate signed.
    GitTag,
    /// Nothing.
    Unsigned,
}

/// What protects from going back.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Memory {
    /// Of a source with proofs.
    Witnessed(Box<accept::Memory>),
    /// Of any other.
    Plain(PlainMemory),
}

/// One list that is kept, and what was known when it was accepted.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct KeptList {
    /// Hash of its bytes, after which its file is named.
    pub(crate) sha256: Digest,
    /// Its bytes.
    pub(crate) size: u64,
    /// Hash of what made it believable, after which that file is named.
    pub(crate) proof: Option<Digest>,
    /// As in the list.
    pub(crate) author: Option<String>,
    /// As in the list.
    pub(crate) serial: u64,
    /// As in the list.
    #[serde(with = "time")]
    pub(crate) timestamp: Option<Timestamp>,
    /// As in the list.
    #[serde(with = "time")]
    pub(crate) expires: Option<Timestamp>,
    /// How many domains it has.
    pub(crate) entries: u64,
    /// Organisations or keys that signed.
    pub(crate) signers: Vec<String>,
    /// When these bytes were first accepted.
    #[serde(with = "time")]
    pub(crate) accepted: Option<Timestamp>,
    /// Orders in force when it was last accepted.
    pub(crate) relaxed: Vec<KeptOrder>,
}

/// An order that weakens entries.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct KeptOrder {
    /// Who signed it.
    pub(crate) by: String,
    /// Why.
    pub(crate) reason: String,
    /// Until when.
    #[serde(with = "time")]
    pub(crate) until: Option<Timestamp>,
    /// How many entries it weakens.
    pub(crate) domains: u64,
}

/// What went wrong.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Failure {
    /// In words, with the cure.
    pub(crate) words: String,
    /// Since when runs have failed without one between that did not.
    #[serde(with = "time")]
    pub(crate) since: Option<Timestamp>,
    /// Where the evidence of a contradiction is, below the source's directory.
    pub(crate) evidence: Option<String>,
}

impl TrustKind {
    /// The kind that the settings name.
    pub fn of(trust: &Trust) -> Self {
        match trust {
            Trust::Witnessed(_) => Self::Witnessed,
            Trust::OpenPgp(_) => Self::Openpgp,
            Trust::GitTag(_) => Self::GitTag,
            Trust::Unsigned(_) => Self::Unsigned,
        }
    }
}

impl Record {
    /// Of a source of which nothing is known.
    pub(crate) fn new(trust: TrustKind) -> Self {
        Self {
            version: FORM,
            revision: 0,
            trust,
            anchor: None,
            memory: None,
            ladder: ladder::State::default(),
            list: None,
            previous: None,
            seen: BTreeMap::new(),
            tried: None,
            succeeded: None,
            failure: None,
            behind_since: None,
        }
    }

    /// The highest serial that is remembered.
    pub(super) fn serial(&self) -> u64 {
        self.list.as_ref().map_or(0, |list| list.serial)
    }

    /// All files that belong to it.
    pub(super) fn files(&self) -> Vec<String> {
        let kept = self.list.iter().chain(&self.previous);
        let files = kept.map(|list| [Some(list.file()), list.proof_file(), Some(index_file(&list.sha256))]);
        files.flatten().flatten().collect()
    }
}

impl KeptList {
    /// The name of its file.
    pub(crate) fn file(&self) -> String {
        list_file(&self.sha256)
    }

    /// The name of the file with what made it believable.
    pub(crate) fn proof_file(&self) -> Option<String> {
        self.proof.as_ref().map(proof_file)
    }
}

/// The name of the file with a list.
pub(super) fn list_file(sha256: &Digest) -> String {
    format!("list-{sha256}.json")
}

/// The name of the file with a compiled list.
pub(super) fn index_file(sha256: &Digest) -> String {
    format!("index-{sha256}")
}

/// The name of the file with what made a list believable.
pub(super) fn proof_file(sha256: &Digest) -> String {
    format!("proof-{sha256}")
}
