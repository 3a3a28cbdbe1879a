//! Names that may have rows: what is certainly not there need not be looked for on disk.
//!
//! A Bloom filter, filled beside the work after a start; until that is done everything may be there, and what is kept meanwhile
//! goes into it, too. Names that are forgotten stay in it until the next start, which only costs a look.

use std::hash::RandomState;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastbloom::AtomicBloomFilter;
use starttls_policy::{Domain, Timestamp};
use starttls_store::StoreError;

use super::own::Own;
use super::questions;

/// The first answers after a start are not held up: names are read after them.
const AFTER: Duration = Duration::from_secs(1);

/// Names that are read at once: whoever recalls meanwhile waits for no more than these.
const PAGE: usize = 500;

/// Bits for each name: one look in a hundred is made in vain.
const BITS: usize = 10;

/// Room for so many names at least.
const LEAST: usize = 100_000;

/// Names that may have rows in the own store.
#[derive(Debug, Default)]
pub(super) struct Names {
    filter: OnceLock<AtomicBloomFilter<RandomState>>,
    /// All names of the store are in the filter.
    is_filled: AtomicBool,
}

impl Names {
    /// Tells that the store has no row of a domain; what it cannot tell it denies.
    pub(super) fn lack(&self, domain: &Domain) -> bool {
        self.is_filled.load(Ordering::Acquire)
            && self.filter.get().is_some_and(|filter| !filter.contains(domain.as_str()))
    }

    /// Forgets that all names are known: the store is another one. Everything is looked for until the next start.
    pub(super) fn forget(&self) {
        self.is_filled.store(false, Ordering::Release);
    }

    /// Notes a domain that was added to what waits to be written.
    pub(super) fn note(&self, domain: &Domain) {
        if let Some(filter) = self.filter.get() {
            filter.insert(domain.as_str());
        }
    }
}

impl Own {
    /// Notes all names of the store, when the first answers have been given. When that fails, everything is looked for.
    pub(super) async fn note_names_soon(&self) {
        tokio::time::sleep(AFTER).await;
        while self.database().is_none() {
            tokio::time::sleep(AFTER).await;
        }
        self.note_names().await;
    }

    async fn note_names(&self) {
        if let Err(error) = self.fill_names().await {
            let _ = self.read::<()>(Err(error));
        }
    }

    async fn fill_names(&self) -> Result<(), StoreError> {
        let Some(database) = self.database() else { return Ok(()) };
        let counts = questions::counts(&database, Timestamp::MAX).await?;
        let rows = counts.policies + counts.releases + counts.dane;
        // It may grow to twice as many until the next start; beyond that more looks are in vain.
        let room = usize::try_from(rows).unwrap_or(usize::MAX).saturating_mul(2).max(LEAST);
        let filter = AtomicBloomFilter::with_num_bits(room.saturating_mul(BITS))
            .hasher(RandomState::new())
            .expected_items(room);
        if self.names.filter.set(filter).is_err() {
            return Ok(());
        }
        // What was added before there was a filter is in the store after this.
        self.queue.flushed().await;
        let mut last = String::new();
        loop {
            let Some(database) = self.database() else { return Ok(()) };
            let page = questions::names(&database, &last, PAGE).await?;
            let Some(filter) = self.names.filter.get() else { return Ok(()) };
            for name in &page {
                filter.insert(name.as_str());
            }
            match page.into_iter().next_back() {
                Some(name) => last = name,
                None => break,
            }
        }
        self.names.is_filled.store(true, Ordering::Release);
        Ok(())
    }
}

#[cfg(test)]
mod names_that_are_not_there {
    use starttls_store::Place;

    use super::super::steady::LastTime;
    use super::super::{Learned, LearnedSettings};
    use super::*;

    fn domain(kind: &str, number: usize) -> Domain {
        Domain::parse(&format!("{kind}{number}.example")).unwrap()
    }

    #[tokio::test]
    async fn are_told_from_those_that_are_once_all_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("learned.db");
        let some = 3 * PAGE + 1;
        let settings = LearnedSettings {
            path: path.clone(),
            shared: None,
            node: "one".into(),
            row_limit: 10_000,
            settled_after: Duration::ZERO,
        };
        let learned = Learned::open(settings).await;
        for number in 0..some {
            learned.keep_dane(&domain("kept", number), Timestamp::MAX);
        }
        learned.close().await;

        let own =
            Own::open(Place::Sqlite(path), 10_000, std::sync::Arc::new(LastTime::new(Duration::ZERO))).await;
        assert!(!own.names.lack(&domain("other", 0)), "nobody knows yet");
        own.note_names().await;
        assert!((0..some).all(|number| !own.names.lack(&domain("kept", number))));
        let missed = (0..some).filter(|number| !own.names.lack(&domain("other", *number))).count();
        assert!(missed < some / 20, "{missed} of {some}");

        let new =
            (0..some).map(|number| domain("other", number)).find(|domain| own.names.lack(domain)).unwrap();
        own.names.note(&new);
        assert!(!own.names.lack(&new));
    }
}
