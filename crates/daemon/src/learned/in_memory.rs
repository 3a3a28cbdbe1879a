//! What waits in memory to be written, as it is shown and counted: the store may take no changes for long.

use std::collections::BTreeMap;
use std::ops::Bound;

use starttls_policy::{Domain, Mode, Timestamp};

use super::change::Change;
use super::queue::overlaid;
use super::record::Record;
use super::remembered::Remembered;
use super::standing::{Counts, add};
use super::{Learned, questions};

impl Learned {
    /// What is remembered of the domains behind one, by name; for people. What waits to be written is in it.
    pub async fn entries(&self, after: Option<&Domain>, limit: usize) -> Vec<(Domain, Remembered)> {
        // Before the store: what is written meanwhile is either still in here or already in there.
        let waiting = self.own.queue.domains();
        let (found, unreadable) = match self.own.database() {
            Some(database) => {
                self.own.read(questions::page(&database, after, limit).await).unwrap_or_default()
            }
            None => Default::default(),
        };
        add(&self.own.tally.unreadable, unreadable);
        // Behind the last of a full page there are more rows, which come before what waits behind it.
        let last = found.last().filter(|_| found.len() >= limit).map(|(domain, _)| domain.clone());
        let mut all: BTreeMap<Domain, Record> = found.into_iter().collect();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let waiting = waiting.range((from, Bound::Unbounded));
        for domain in waiting.filter(|domain| last.as_ref().is_none_or(|last| *domain <= last)) {
            all.entry(domain.clone()).or_default();
        }
        let seen = |(domain, record): (Domain, Record)| {
            let overlay = self.own.queue.overlay(&domain);
            (domain, overlaid(record.remembered, overlay.as_ref()))
        };
        let is_any = |(_, remembered): &(Domain, Remembered)| *remembered != Remembered::default();
        all.into_iter().map(seen).filter(is_any).take(limit).collect()
    }

    /// Tells whether something that is remembered of a domain is held in memory alone, since it is not written yet.
    pub fn is_in_memory(&self, domain: &Domain) -> bool {
        self.own.queue.overlay(domain).is_some_and(|change| Change::is_remembered(&change))
    }

    /// Adds what is held in memory to the counts of the store.
    pub(super) async fn count_in_memory(&self, counts: &mut Counts, now: Timestamp) {
        let database = self.own.database();
        for domain in self.own.queue.domains() {
            let Some(change) = self.own.queue.overlay(&domain).filter(Change::is_remembered) else {
                continue;
            };
            let stored = match &database {
                Some(database) => {
                    self.own.read(questions::recall(database, &domain).await).unwrap_or_default()
                }
                None => Record::default(),
            };
            let before = Kinds::of(&stored.remembered, now);
            let after = Kinds::of(&overlaid(stored.remembered, Some(&change)), now);
            counts.in_memory += 1;
            for (count, (before, after)) in [
                &mut counts.policies,
                &mut counts.enforce,
                &mut counts.ended,
                &mut counts.releases,
                &mut counts.dane,
            ]
            .into_iter()
            .zip(before.0.into_iter().zip(after.0))
            {
                *count = (*count + u64::from(after)).saturating_sub(u64::from(before));
            }
        }
    }
}

/// In which of the counts a domain is: policies, those that enforce, those that ended, releases, DANE.
struct Kinds([bool; 5]);

impl Kinds {
    fn of(remembered: &Remembered, now: Timestamp) -> Self {
        let policy = remembered.policy.as_ref();
        let has_ended = policy.is_some_and(|kept| !kept.holds(now));
        let enforces = policy.is_some_and(|kept| kept.policy.mode == Mode::Enforce) && !has_ended;
        let (release, dane) = (remembered.release.is_some(), remembered.dane_until.is_some());
        Self([policy.is_some(), enforces, has_ended, release, dane])
    }
}
