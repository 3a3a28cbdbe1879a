//! The decision: what one recipient domain demands, and why.
//!
//! ```text
//! override ─► DANE when usable ─► MTA-STS ─► policy list ─► MTA-STS seen by another node ─► opportunistic
//! ```
//!
//! One pure function over what is known; each layer is one function of `weighing.rs`, and leaves its reasons behind.
//!
//! Spec: RFC 7672 §2.1 and §2.2 (DANE), RFC 8461 §2 (DANE before MTA-STS), §3.3 and §5; docs/decision.md.

pub mod evidence;
pub mod overrides;
mod prospects;
pub mod reason;
mod tally;
#[cfg(test)]
mod tests;
mod weighing;

use alloc::vec::Vec;

pub use prospects::{Change, prospects};
pub use weighing::decide;

use crate::domain::Domain;
use crate::merge::MergedEntry;
use crate::mode::{Requirement, TlsFloor, TlsVersion};
use crate::mx::MxPattern;
use crate::pin::Pinset;
use crate::timestamp::Timestamp;
use evidence::{DaneEvidence, StsEvidence, StsPolicy, StsRelease};
use overrides::Override;
use reason::Reason;

/// All that is known of one domain.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The policy domain.
    pub domain: &'a Domain,
    /// The operator's word.
    pub operator: Option<&'a Override>,
    /// What the DNS says.
    pub dane: &'a DaneEvidence,
    /// What the policy host says.
    pub sts: &'a StsEvidence,
    /// A `none` or `testing` that was fetched before.
    pub release: Option<StsRelease>,
    /// An MTA-STS policy that another node says it fetched, and this one has not seen. It counts where it enforces, and where
    /// nothing else demands anything: it takes no other demand's place, and changes none.
    pub elsewhere: Option<&'a StsPolicy>,
    /// What the lists say.
    pub listed: Option<&'a MergedEntry<'a>>,
    /// The operator's general choices.
    pub choices: Choices,
    /// The time of the decision.
    pub now: Timestamp,
}

/// The operator's general choices.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Choices {
    /// The lowest TLS version accepted where a policy is enforced.
    pub floor: TlsFloor,
    /// What MTA-STS `testing` does to an entry that enforces.
    pub sts_testing: StsTesting,
}

/// What a validly fetched MTA-STS policy of mode `testing` does to a list entry that enforces.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum StsTesting {
    /// The domain's own word counts: the entry is released.
    #[default]
    Releases,
    /// The list stands.
    ListStands,
}

/// What holds for one domain.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision<'a> {
    /// The policy domain.
    pub domain: &'a Domain,
    /// What the mail server is to do.
    pub action: Action<'a>,
    /// Why, in the order in which it was weighed; never empty.
    pub reasons: Vec<Reason<'a>>,
    /// When the ground for it ends, if it does.
    pub valid_until: Option<Timestamp>,
}

/// What a mail server is to do for one domain.
#[derive(Clone, Debug, PartialEq)]
pub enum Action<'a> {
    /// Nothing is known: whatever the operator has set applies.
    Opportunistic,
    /// The operator exempts the domain: encrypt where possible, deliver in any case.
    Relaxed,
    /// Deliver in any case, note what would have failed.
    LogOnly(Demand<'a>),
    /// Deliver only to a session that meets the demand.
    Require(Demand<'a>),
    /// DANE where TLSA records are, opportunistic where they are proven absent.
    Dane,
    /// DANE or not at all.
    DaneOnly,
    /// Try again later: what must be known cannot be found out now.
    Defer,
}

impl Action<'_> {
    /// One word for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Opportunistic => "opportunistic",
            Self::Relaxed => "relaxed",
            Self::LogOnly(_) => "log-only",
            Self::Require(_) => "require",
            Self::Dane => "dane",
            Self::DaneOnly => "dane-only",
            Self::Defer => "defer",
        }
    }
}

/// What a session must show.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand<'a> {
    /// Whose demand it is.
    pub origin: Origin,
    /// Encryption alone, or a valid certificate.
    pub requirement: Requirement,
    /// Hosts that may receive; empty where any may.
    pub mx: &'a [MxPattern],
    /// The oldest TLS version, after the operator's floor.
    pub min_tls: Option<TlsVersion>,
    /// Keys that certificates are bound to.
    pub pinset: Option<&'a Pinset>,
}

/// Whose demand it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// The operator's own override.
    Override,
    /// The domain's MTA-STS policy.
    MtaSts,
    /// A policy list.
    List,
    /// An MTA-STS policy that another node says it fetched.
    Elsewhere,
}
