//! How much was learnt, counted now and then: whoever looks at the status must not make the database count.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use starttls_daemon::learned::{Counts, Learned};
use tokio::time::sleep;

use crate::clock;

/// Counting some millions of rows takes a second.
const EVERY: Duration = Duration::from_secs(30);

/// The last count.
#[derive(Clone, Default)]
pub(super) struct Tallies(Arc<Mutex<Counts>>);

impl Tallies {
    /// Counts from now on, within a runtime.
    pub(super) fn keep_counting(&self, learned: &Learned) {
        let (learned, last) = (learned.clone(), Arc::downgrade(&self.0));
        tokio::spawn(async move {
            while let Some(last) = last.upgrade() {
                let counts = learned.counts(clock::now()).await;
                *last.lock().unwrap_or_else(PoisonError::into_inner) = counts;
                drop(last);
                sleep(EVERY).await;
            }
        });
    }

    pub(super) fn last(&self) -> Counts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
