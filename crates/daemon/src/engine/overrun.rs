//! Overruns: more new domains than the budget allows. Each is told when it begins and when it ends, never for each domain.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use starttls_discover::Discovering;
use starttls_policy::Domain;

use super::budget::{Grant, owner_of};
use super::waiting::Place;
use super::{Inner, Known, Memory};

/// Whether the budgets are overrun at present, and by how many domains.
#[derive(Debug, Default)]
pub(crate) struct Overrun {
    /// That of all domains together.
    all: AtomicBool,
    /// That of some owner.
    owner: AtomicBool,
    domains: AtomicU64,
    /// Turns since a domain was last seen to wait.
    quiet: AtomicU64,
}

/// Turns of a second without a waiting domain before an overrun has ended: one that comes and goes does not fill the log.
const QUIET_TURNS: u64 = 60;

impl Overrun {
    /// Tells that no domain waits at this turn.
    pub(crate) fn none_waits(&self) {
        if self.quiet.fetch_add(1, Ordering::Relaxed) < QUIET_TURNS {
            return;
        }
        let (all, owner) =
            (self.all.swap(false, Ordering::Relaxed), self.owner.swap(false, Ordering::Relaxed));
        if all || owner {
            let domains = self.domains.swap(0, Ordering::Relaxed);
            tracing::info!(domains, "no new domain waits for its policy any more; {domains} had to wait");
        }
    }
}

impl<D: Discovering, K: Known, M: Memory> Inner<D, K, M> {
    /// Gives a new domain a place in the queue, counts it, and tells of it if it is the first.
    pub(crate) fn over_budget(&self, domain: &Domain, grant: Grant) {
        match self.waiting.add(domain) {
            Place::Held => return,
            Place::Given => {
                self.metrics.over_budget();
                self.overrun.domains.fetch_add(1, Ordering::Relaxed);
                self.overrun.quiet.store(0, Ordering::Relaxed);
            }
            Place::Refused => {
                self.metrics.over_budget();
                self.metrics.turned_away();
            }
        }
        let owner = owner_of(domain);
        let (told, words) = match grant {
            Grant::Granted => return,
            Grant::OwnerSpent => (
                &self.overrun.owner,
                format!(
                    "more new domains below `{owner}` than the budget of one owner allows: the policies of further ones are \
                     fetched one after the other, and mail to them goes without MTA-STS until then"
                ),
            ),
            Grant::AllSpent => (
                &self.overrun.all,
                format!(
                    "more new domains than the budget allows, `{domain}` being the first: their policies are fetched as soon \
                     as the budget allows, and mail to them goes without MTA-STS until then"
                ),
            ),
        };
        if !told.swap(true, Ordering::Relaxed) {
            tracing::warn!(owner, "{words}");
            self.failed(domain, "budget", &words);
        }
    }
}
