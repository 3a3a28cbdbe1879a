//! Stored MTA-STS policies while the wall clock is ahead: how long they hold, and how they are weighed.
//!
//! The end of a policy is stored as wall-clock time. It counts by the wall clock, or by the steady one for a policy that was
//! fetched before now by that clock: a wall clock that jumps ahead ends no policy, and none outlasts its `max_age` by the
//! steady clock.
//!
//! Spec: RFC 8461 §3.2 (`max_age`), §5.1 (a stored policy holds until it expires).

use std::sync::Arc;

use starttls_policy::Timestamp;
use starttls_policy::decide::evidence::{StsEvidence, StsPolicy};

use super::{Clock, Inner, Known, Memory};
use crate::learned::{KeptPolicy, Remembered};
use starttls_discover::Discovering;

/// The policy as of the wall clock: where it holds by the steady clock alone, it is dated so that as much of its time is left by the
/// wall clock. `None` where it has expired by both.
fn dated(policy: &StsPolicy, wall: Timestamp, steady: Timestamp) -> Option<StsPolicy> {
    if policy.ends() > wall {
        return Some(policy.clone());
    }
    if policy.fetched > steady || policy.ends() <= steady {
        return None;
    }
    let age = policy.fetched.until(steady).as_secs();
    let fetched = Timestamp::from_seconds(wall.seconds().saturating_sub(age)).ok()?;
    Some(StsPolicy { fetched, ..policy.clone() })
}

impl Clock {
    /// See [`dated`].
    pub(crate) fn dated(&self, policy: &StsPolicy) -> Option<StsPolicy> {
        dated(policy, self.now(), self.steady())
    }
}

impl<D: Discovering, K: Known, M: Memory> Inner<D, K, M> {
    /// The policy that this node fetched itself, if it holds by either clock.
    pub(crate) fn standing_policy<'a>(&self, remembered: &'a Remembered) -> Option<&'a KeptPolicy> {
        let kept = remembered.own_policy()?;
        self.clock.dated(&kept.policy).map(|_| kept)
    }

    /// Evidence for the decision, which knows the wall clock alone.
    pub(crate) fn dated_evidence(&self, evidence: Arc<StsEvidence>) -> Arc<StsEvidence> {
        let (StsEvidence::Found(policy) | StsEvidence::Inconclusive { cached: Some(policy), .. }) =
            &*evidence
        else {
            return evidence;
        };
        match self.clock.dated(policy) {
            Some(dated) if dated != *policy => Arc::new(match &*evidence {
                StsEvidence::Inconclusive { cause, .. } => {
                    StsEvidence::Inconclusive { cause: *cause, cached: Some(dated) }
                }
                _ => StsEvidence::Found(dated),
            }),
            _ => evidence,
        }
    }
}

#[cfg(test)]
mod stored_policy {
    use super::*;

    #[test]
    fn fault_d6_holds_by_either_clock_and_never_longer_than_its_max_age() {
        let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
        // Fetched at 10,000, good until 20,000: the wall clock, the steady clock, and what is left.
        for (wall, steady, want) in [
            (15_000, 15_000, Some(5_000)),
            (20_000, 20_000, None),
            (900_000_000, 15_000, Some(5_000)),
            (900_000_000, 19_999, Some(1)),
            (900_000_000, 20_000, None),
            // The daemon started with a clock that was behind: nothing is known of the time between.
            (900_000_000, 9_999, None),
            (15_000, 900_000_000, Some(5_000)),
        ] {
            let policy = StsPolicy {
                mode: starttls_policy::Mode::Enforce,
                mx: Vec::new(),
                id: "1".into(),
                fetched: at(10_000),
                max_age: std::time::Duration::from_secs(10_000),
            };
            let dated = dated(&policy, at(wall), at(steady));
            let left = dated.map(|policy| policy.ends().seconds() - wall);
            assert_eq!(left, want, "{wall} {steady}");
        }
    }
}
