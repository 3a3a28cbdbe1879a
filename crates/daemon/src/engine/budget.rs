//! Budgets: how many domains that nobody knew may cost a fetch, over all and below one registrable domain.
//!
//! Whoever sends mail to made-up names makes us look at them. Looking costs little, but a policy that is found is kept, so
//! what one owner of a domain can have fetched is bounded, and what all together can. Domains whose policy is known are
//! never charged.

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

    fn take(&mut self, now: Instant) -> bool {
        let every = self.allowance.every.max(Duration::from_nanos(1));
        let earned = now.duration_since(self.since).as_nanos() / every.as_nanos();
        if earned > 0 {
            let earned = u32::try_from(earned).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(earned).min(self.allowance.burst);
            self.since = if self.left == self.allowance.burst { now } else { self.since + every * earned };
        }
        let granted = self.left > 0;
        self.left = self.left.saturating_sub(1);
        granted
    }
}

impl Budget {
    pub(crate) fn new(common: Allowance, each: Allowance, now: Instant) -> Self {
        Self { common: Mutex::new(Purse::full(common, now)), each, owners: Cache::new(MAX_OWNERS) }
    }

    /// Tells whether a domain that nobody knew may be fetched; charges it if so.
    pub(crate) fn grants(&self, domain: &Domain, now: Instant) -> bool {
        let owner = psl::domain_str(domain.as_str()).unwrap_or(domain.as_str());
        let mut purse = self.owners.get(owner).unwrap_or_else(|| Purse::full(self.each, now));
        let granted = purse.take(now) && self.common.lock().unwrap_or_else(PoisonError::into_inner).take(now);
        self.owners.insert(owner.into(), purse);
        granted
    }
}

#[cfg(test)]
mod budgets {
    use super::*;

    fn domain(text: &str) -> Domain {
        Domain::parse(text).unwrap()
    }

    const SMALL: Allowance = Allowance { burst: 3, every: Duration::from_secs(10) };
    const LARGE: Allowance = Allowance { burst: 1_000, every: Duration::from_secs(1) };

    #[test]
    fn of_one_owner_do_not_touch_those_of_others() {
        let now = Instant::now();
        let budget = Budget::new(LARGE, SMALL, now);
        let granted =
            (0..100).filter(|n| budget.grants(&domain(&format!("d{n}.flood.example")), now)).count();
        assert_eq!(granted, 3);
        assert!(budget.grants(&domain("a.other.example"), now));
    }

    #[test]
    fn come_back_with_time_and_never_beyond_what_they_were() {
        let now = Instant::now();
        let budget = Budget::new(SMALL, LARGE, now);
        let spend = |at| (0..100).filter(|n| budget.grants(&domain(&format!("d{n}.example")), at)).count();
        assert_eq!(spend(now), 3);
        assert_eq!(spend(now + Duration::from_secs(9)), 0);
        assert_eq!(spend(now + Duration::from_secs(20)), 2);
        assert_eq!(spend(now + Duration::from_hours(24)), 3);
    }
}
