//! What a source contributes now: a list, or nothing and why.

use starttls_policy::{Finding, List, Relaxations, Timestamp};
use starttls_trust::Digest;

use crate::settings::SourceName;
use crate::state::TrustKind;

/// What a source contributes now.
#[derive(Debug)]
pub enum InForce {
    /// A list.
    List(Box<Loaded>),
    /// Nothing.
    Nothing(Absence),
}

/// A list that is in force.
#[derive(Debug)]
pub struct Loaded {
    /// The source.
    pub name: SourceName,
    /// What made it believable; of [`TrustKind::Unsigned`] every output must say so.
    pub trust: TrustKind,
    /// The list.
    pub list: List,
    /// Hash of its bytes.
    pub sha256: Digest,
    /// Organisations that signed, or the fingerprint of the key; empty when nobody did.
    pub signers: Vec<String>,
    /// When these bytes were first accepted.
    pub accepted: Option<Timestamp>,
    /// From when on it counts no longer; none when the operator uses it beyond its end.
    pub effective_end: Option<Timestamp>,
    /// Entries that orders weaken now; empty when the operator refuses them.
    pub relaxations: Relaxations,
    /// When the relaxations change, so that what was made from them is to be made anew.
    pub relaxed_until: Option<Timestamp>,
    /// What is worth knowing about list and orders.
    pub findings: Vec<Finding>,
}

/// Why a source contributes nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Absence {
    /// Nothing was ever accepted.
    #[error("nothing was ever accepted from `{name}`; run `starttls update`")]
    Never {
        /// The source.
        name: SourceName,
    },
    /// The list has ended.
    #[error("the list of `{name}` ended at {end}; it comes back as soon as a newer one is accepted")]
    Ended {
        /// The source.
        name: SourceName,
        /// When.
        end: Timestamp,
    },
}

impl InForce {
    /// The list, if there is one.
    pub fn list(&self) -> Option<&Loaded> {
        match self {
            Self::List(loaded) => Some(loaded),
            Self::Nothing(_) => None,
        }
    }
}
