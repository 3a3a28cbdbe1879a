//! Remembering: what this node knows of a domain, and what others do.

use starttls_policy::{Domain, Mode, Timestamp};
use starttls_store::{Database, StoreError};

use super::queue::overlaid;
use super::record::Record;
use super::remembered::{KeptPolicy, Learnt, Reach, Recall};
use super::shared::Shared;
use super::standing::add;
use super::{Learned, questions};

impl Learned {
    /// What is remembered of a domain: by this node, and then by others, who are given 200 ms, or none while they are known
    /// not to answer. Never fails: [`Recall::reach`] tells if someone could not be asked.
    pub async fn recall(&self, domain: &Domain, now: Timestamp) -> Recall {
        self.clock.note(now);
        // Before the store: what is written meanwhile is either still in here or already in there.
        let overlay = self.own.queue.overlay(domain);
        if overlay.is_none() && self.shared.is_none() && self.own.names.lack(domain) {
            return Recall::default();
        }
        let database = self.own.database();
        let (own, others) =
            tokio::join!(ask_own(database.as_ref(), domain), ask(self.shared.as_deref(), domain, now));
        let own = own.and_then(|own| self.own.read(own));
        let others_missing = self.shared.is_some() && others.is_none();
        let reach = if own.is_none() || others_missing { Reach::Partial } else { Reach::Complete };
        add(&self.own.tally.shared_failed_reads, u64::from(others_missing));
        let (own, others) = (own.unwrap_or_default(), others.unwrap_or_default());
        add(&self.own.tally.unreadable, own.unreadable + others.unreadable);
        let mut remembered = overlaid(own.remembered, overlay.as_ref());
        if remembered.bound(now)
            && self.clock.is_settled()
            && let Some(kept) = &remembered.policy
        {
            // From now on it has an end, whether it can be verified or not.
            self.keep_policy(domain, kept);
        }
        let theirs = others.remembered;
        if let Some(kept) = theirs.policy.filter(|theirs| counts(theirs, remembered.policy.as_ref(), now)) {
            // Should the shared store be gone tomorrow, the protection is not.
            if protects(&kept, now) {
                self.keep_policy(domain, &kept);
            }
            remembered.policy = Some(kept);
        }
        remembered.dane_until = remembered.dane_until.max(theirs.dane_until);
        Recall { remembered, release_elsewhere: theirs.release, reach }
    }
}

async fn ask_own(database: Option<&Database>, domain: &Domain) -> Option<Result<Record, StoreError>> {
    Some(questions::recall(database?, domain).await)
}

async fn ask(shared: Option<&Shared>, domain: &Domain, now: Timestamp) -> Option<Record> {
    shared?.recall(domain, now).await
}

/// Tells whether the policy of another node takes the place of what this node remembers.
///
/// What this node saw enforced stands as long as it holds: another's policy, even an enforcing one, may allow other hosts. What
/// protects takes the place of older knowledge that does not; what does not protect takes the place of what has ended alone.
fn counts(theirs: &KeptPolicy, mine: Option<&KeptPolicy>, now: Timestamp) -> bool {
    let Some(mine) = mine else { return true };
    let is_newer = theirs.policy.fetched > mine.policy.fetched;
    match (mine.holds(now), mine.origin) {
        (false, _) => is_newer || (theirs.holds(now) && protects(theirs, now)),
        (true, Learnt::Here) => is_newer && protects(theirs, now) && !protects(mine, now),
        (true, Learnt::Elsewhere) => is_newer && (protects(theirs, now) || !protects(mine, now)),
    }
}

fn protects(kept: &KeptPolicy, now: Timestamp) -> bool {
    kept.policy.mode == Mode::Enforce && kept.holds(now)
}

#[cfg(test)]
mod policies_of_other_nodes {
    use std::time::Duration;

    use starttls_policy::MxPattern;
    use starttls_policy::decide::evidence::StsPolicy;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    /// Fetched at a time, and held for 100 seconds.
    fn policy(mode: Mode, fetched: u64, origin: Learnt) -> KeptPolicy {
        let mx = vec![MxPattern::parse("mx.example.org").unwrap()];
        let policy =
            StsPolicy { mode, mx, id: "1".into(), fetched: at(fetched), max_age: Duration::from_secs(100) };
        KeptPolicy { policy, confirmed: at(fetched), origin }
    }

    #[test]
    fn count_where_they_add_protection_and_take_none() {
        use Learnt::{Elsewhere, Here};
        use Mode::{Enforce, None, Testing};
        // Mine, theirs (mode and when fetched); the time is 1,000.
        for (mine, theirs, want) in [
            ((Enforce, 950, Here), (Enforce, 960), false),
            ((Enforce, 950, Here), (None, 990), false),
            ((Enforce, 950, Here), (Testing, 990), false),
            ((Enforce, 800, Here), (Enforce, 960), true),
            ((Enforce, 800, Here), (Enforce, 700), false),
            ((Enforce, 800, Here), (None, 990), true),
            ((None, 950, Here), (Enforce, 960), true),
            ((None, 950, Here), (Enforce, 940), false),
            ((Testing, 950, Here), (None, 960), false),
            ((Enforce, 950, Elsewhere), (Enforce, 960), true),
            ((Enforce, 950, Elsewhere), (None, 960), false),
            ((Enforce, 950, Elsewhere), (Enforce, 940), false),
            ((None, 950, Elsewhere), (Testing, 960), true),
            ((None, 950, Elsewhere), (Enforce, 960), true),
        ] {
            let case = format!("{mine:?} {theirs:?}");
            let mine = policy(mine.0, mine.1, mine.2);
            let theirs = policy(theirs.0, theirs.1, Elsewhere);
            assert_eq!(counts(&theirs, Some(&mine), at(1_000)), want, "{case}");
            assert!(counts(&theirs, Option::None, at(1_000)), "{case}");
        }
    }
}
