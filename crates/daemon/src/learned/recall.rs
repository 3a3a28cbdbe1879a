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
        self.watch_clock(now);
        let purges = self.purges.count();
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
        add(&self.own.tally.unreadable, own.unreadable() + others.unreadable());
        let mut remembered = overlaid(own.remembered, overlay.as_ref());
        if remembered.bound(now)
            && self.clock.is_believed()
            && let Some(kept) = &remembered.policy
        {
            // From now on it has an end, whether it can be verified or not.
            self.keep_recalled(domain, kept, purges);
        }
        let theirs = others.remembered;
        if let Some(kept) =
            theirs.policy.and_then(|theirs| taken_over(theirs, remembered.policy.as_ref(), now))
        {
            // Should the shared store be gone tomorrow, the protection is not; and when it was first seen here is kept.
            if remembered.policy.as_ref() != Some(&kept) && self.clock.behind(now).is_none() {
                self.keep_recalled(domain, &kept, purges);
            }
            remembered.policy = Some(kept);
        }
        remembered.dane_until = remembered.dane_until.max(theirs.dane_until);
        Recall { remembered, release_elsewhere: theirs.release, reach }
    }

    /// Keeps what stood in a store when so many purges had begun; what was purged meanwhile does not come back.
    fn keep_recalled(&self, domain: &Domain, kept: &KeptPolicy, purges: u64) {
        self.purges.unless_since(purges, || self.keep_policy(domain, kept));
    }
}

async fn ask_own(database: Option<&Database>, domain: &Domain) -> Option<Result<Record, StoreError>> {
    Some(questions::recall(database?, domain).await)
}

async fn ask(shared: Option<&Shared>, domain: &Domain, now: Timestamp) -> Option<Record> {
    shared?.recall(domain, now).await
}

/// The policy of another node, where this node has none of its own that holds, and where it enforces: anything else changes nothing
/// here. It counts from when this node first saw one of the domain, or one row after another would make it hold for good.
fn taken_over(theirs: KeptPolicy, mine: Option<&KeptPolicy>, now: Timestamp) -> Option<KeptPolicy> {
    if theirs.policy.mode != Mode::Enforce || !theirs.holds(now) {
        return None;
    }
    let first_seen = match mine {
        Some(mine) if mine.origin == Learnt::Here && mine.holds(now) => return None,
        Some(mine) if mine.origin == Learnt::Elsewhere => mine.confirmed.min(now),
        _ => now,
    };
    Some(KeptPolicy { confirmed: first_seen, origin: Learnt::Elsewhere, ..theirs })
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
    fn fault_count_where_they_enforce_and_this_node_has_no_policy_that_holds() {
        use Learnt::{Elsewhere, Here};
        use Mode::{Enforce, None, Testing};
        // Mine, theirs (mode and when fetched), since when theirs counts; the time is 1,000.
        for (mine, theirs, want) in [
            ((Enforce, 950, Here), (Enforce, 960), Option::None),
            ((Enforce, 950, Here), (None, 990), Option::None),
            ((None, 950, Here), (Enforce, 990), Option::None),
            ((Testing, 950, Here), (Enforce, 990), Option::None),
            ((Enforce, 800, Here), (Enforce, 960), Some(1_000)),
            ((Enforce, 800, Here), (Enforce, 700), Option::None),
            ((Enforce, 800, Here), (None, 990), Option::None),
            ((Enforce, 950, Elsewhere), (Enforce, 960), Some(950)),
            ((Enforce, 950, Elsewhere), (Testing, 960), Option::None),
            ((Enforce, 800, Elsewhere), (Enforce, 960), Some(800)),
        ] {
            let case = format!("{mine:?} {theirs:?}");
            let mine = policy(mine.0, mine.1, mine.2);
            let theirs = policy(theirs.0, theirs.1, Elsewhere);
            let taken = taken_over(theirs, Some(&mine), at(1_000));
            assert_eq!(taken.map(|kept| kept.confirmed), want.map(at), "{case}");
        }
        let alone = taken_over(policy(Enforce, 960, Elsewhere), Option::None, at(1_000));
        assert_eq!(alone.map(|kept| kept.confirmed), Some(at(1_000)));
    }
}
