//! How much was learnt, counted now and then: whoever looks at the status must not make the database count.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use starttls_daemon::learned::{Counts, Learned};
use tokio::time::{Instant, sleep};

use crate::clock;

/// Pauses between counts: the shortest and the longest. Between them, a count takes a fiftieth of the time at most: some millions of
/// rows take a second.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));

/// The last count.
#[derive(Clone, Default)]
pub(super) struct Tallies(Arc<Mutex<Counts>>);

impl Tallies {
    /// Counts from now on, within a runtime.
    pub(super) fn keep_counting(&self, learned: &Learned) {
        let (learned, last) = (learned.clone(), Arc::downgrade(&self.0));
        tokio::spawn(async move {
            while let Some(last) = last.upgrade() {
                let begun = Instant::now();
                let counts = learned.counts(clock::now()).await;
                *last.lock().unwrap_or_else(PoisonError::into_inner) = counts;
                drop(last);
                sleep((begun.elapsed() * 50).clamp(PAUSES.0, PAUSES.1)).await;
            }
        });
    }

    pub(super) fn last(&self) -> Counts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
