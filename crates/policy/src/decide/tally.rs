//! MX hosts counted by the state of their TLSA records.

use super::evidence::{DaneHosts, Tlsa};
use super::reason::Reason;

/// Hosts by the state of their TLSA records.
pub(super) struct Tally {
    pub(super) hosts: usize,
    /// Inconclusive counts as having some (RFC 7672 §2.1.2).
    pub(super) usable_or_unknown: usize,
    pub(super) unusable: usize,
    inconclusive: usize,
}

impl Tally {
    pub(super) fn of(hosts: &DaneHosts) -> Self {
        let count = |state| hosts.hosts.iter().filter(|host| **host == state).count();
        let inconclusive = count(Tlsa::Inconclusive);
        Self {
            hosts: hosts.hosts.len(),
            usable_or_unknown: count(Tlsa::Usable) + inconclusive,
            unusable: count(Tlsa::Unusable),
            inconclusive,
        }
    }

    pub(super) fn reason<'a>(&self, hosts: &DaneHosts) -> Reason<'a> {
        Reason::Dane {
            mx: hosts.mx,
            usable: self.usable_or_unknown - self.inconclusive,
            unusable: self.unusable,
            inconclusive: self.inconclusive,
            hosts: self.hosts,
            seen: hosts.seen,
        }
    }
}
