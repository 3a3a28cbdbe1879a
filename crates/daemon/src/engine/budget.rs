//! Budgets: how many domains that nobody knew may cost a fetch, over all and below one registrable domain.
//!
//! Mail to invented names makes the daemon look them up. A look-up costs little, but a policy that is found is kept, so the
//! number of fetches that one owner of a domain can cause is bounded, and the number that all together can. Domains whose
//! policy is known are never charged; those that are refused wait in `waiting`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use smol_str::SmolStr;
use starttls_policy::Domain;
use tokio::time::Instant;

/// Owners whose spending is remembered; forgetting one gives it a fresh budget, which the common one still bounds.
const MAX_OWNERS: usize = 4_096;

/// How much may be spent at once, and how quickly it comes back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Allowance {
    /// At once.
    pub burst: u32,
    /// One comes back in this time.
    pub every: Duration,
}

/// Whether a domain may be fetched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Grant {
    /// It may.
    Granted,
    /// The budget of its registrable domain is spent.
    OwnerSpent,
    /// The budget of all domains together is spent.
    AllSpent,
}

/// The budgets.
pub(crate) struct Budget {
    common: Mutex<Purse>,
    each: Allowance,
    owners: Cache<SmolStr, Purse>,
}

#[derive(Clone, Copy, Debug)]
struct Purse {
    allowance: Allowance,
    left: u32,
    since: Instant,
}

impl Purse {
    fn full(allowance: Allowance, now: Instant) -> Self {
        Self { allowance, left: allowance.burst, since: now }
    }

    /// Adds what has come back since; tells whether anything is left.
    fn has_any(&mut self, now: Instant) -> bool {
        let every = self.allowance.every.max(Duration::from_nanos(1));
        let earned = now.duration_since(self.since).as_nanos() / every.as_nanos();
        if earned > 0 {
            let earned = u32::try_from(earned).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(earned).min(self.allowance.burst);
            self.since = if self.left == self.allowance.burst { now } else { self.since + every * earned };
        }
        self.left > 0
    }

    fn take(&mut self, now: Instant) -> bool {
        let granted = self.has_any(now);
        self.left = self.left.saturating_sub(1);
        granted
    }
}

impl Budget {
    pub(crate) fn new(common: Allowance, each: Allowance, now: Instant) -> Self {
        Self { common: Mutex::new(Purse::full(common, now)), each, owners: Cache::new(MAX_OWNERS) }
    }

    /// Tells whether a domain that nobody knew may be fetched; charges both budgets if so, and none if not.
    pub(crate) fn grants(&self, domain: &Domain, now: Instant) -> Grant {
        let owner = owner_of(domain);
        let mut purse = self.owners.get(owner).unwrap_or_else(|| Purse::full(self.each, now));
        if !purse.has_any(now) {
            return Grant::OwnerSpent;
        }
        if !self.common.lock().unwrap_or_else(PoisonError::into_inner).take(now) {
            return Grant::AllSpent;
        }
        purse.take(now);
        self.owners.insert(owner.into(), purse);
        Grant::Granted
    }
}

/// The registrable domain that a domain belongs to.
pub(crate) fn owner_of(domain: &Domain) -> &str {
    psl::domain_str(domain.as_str()).unwrap_or(domain.as_str())
}

#[cfg(test)]
mod budgets {
    use super::*;

    fn is_granted(budget: &Budget, name: &str, now: Instant) -> bool {
        budget.grants(&Domain::parse(name).unwrap(), now) == Grant::Granted
    }

    const SMALL: Allowance = Allowance { burst: 3, every: Duration::from_secs(10) };
    const LARGE: Allowance = Allowance { burst: 1_000, every: Duration::from_secs(1) };

    #[test]
    fn of_one_owner_do_not_touch_those_of_others() {
        let now = Instant::now();
        let budget = Budget::new(LARGE, SMALL, now);
        let granted = (0..100).filter(|n| is_granted(&budget, &format!("d{n}.flood.example"), now)).count();
        assert_eq!(granted, 3);
        assert!(is_granted(&budget, "a.other.example", now));
    }

    #[test]
    fn of_an_owner_are_not_charged_while_that_of_all_is_spent() {
        let now = Instant::now();
        let budget = Budget::new(SMALL, SMALL, now);
        let ask = |name: &str, at| budget.grants(&Domain::parse(name).unwrap(), at);
        for name in ["a.example", "b.example", "c.example"] {
            assert_eq!(ask(name, now), Grant::Granted);
        }
        for n in 0..100 {
            assert_eq!(ask(&format!("d{n}.owner.example"), now), Grant::AllSpent);
        }
        let later = now + Duration::from_secs(30);
        assert_eq!(ask("a.owner.example", later), Grant::Granted);
    }

    #[test]
    fn come_back_with_time_and_never_beyond_what_they_were() {
        let now = Instant::now();
        let budget = Budget::new(SMALL, LARGE, now);
        let spend = |at| (0..100).filter(|n| is_granted(&budget, &format!("d{n}.example"), at)).count();
        assert_eq!(spend(now), 3);
        assert_eq!(spend(now + Duration::from_secs(9)), 0);
        assert_eq!(spend(now + Duration::from_secs(20)), 2);
        assert_eq!(spend(now + Duration::from_hours(24)), 3);
    }
}
