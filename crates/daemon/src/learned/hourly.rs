//! Something that is said once an hour, however often it happens.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const HOUR: Duration = Duration::from_hours(1);

/// Remembers when something was last said.
#[derive(Debug, Default)]
pub(super) struct Hourly(Mutex<Option<Instant>>);

impl Hourly {
    /// Tells whether it is to be said now, and notes that it was.
    pub(super) fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= HOUR);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}
