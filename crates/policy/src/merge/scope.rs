//! What the operator lets a list say: of which domains, how strictly, and whether it may weaken earlier lists.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::DomainPattern;
use crate::domain::Domain;
use crate::mode::Mode;
use crate::policy::Policy;

/// What a list may say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Scope {
    /// Only these domains; empty for all.
    pub only: Vec<DomainPattern>,
    /// Entries count as of this mode at most.
    pub max_mode: Option<Mode>,
    /// Whether it may weaken what an earlier list says.
    pub relaxing: Relaxing,
}

/// Whether a list may weaken what an earlier list says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Relaxing {
    /// It may only tighten.
    #[default]
    Refused,
    /// It may do both.
    Allowed,
}

impl Scope {
    pub(super) fn covers(&self, domain: &Domain) -> bool {
        self.only.is_empty() || self.only.iter().any(|pattern| pattern.covers(domain))
    }

    pub(super) fn capped<'a>(&self, mut policy: Cow<'a, Policy>) -> Cow<'a, Policy> {
        if let Some(max) = self.max_mode.filter(|max| *max < policy.mode) {
            policy.to_mut().mode = max;
        }
        policy
    }
}
