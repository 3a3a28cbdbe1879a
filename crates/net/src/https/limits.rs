//! The limits of one fetch.

use std::time::Duration;

use tokio::time::Instant;

use super::{FetchFailure, Redirects};

/// The limits of one fetch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) connect_timeout: Duration,
    pub(super) stall_timeout: Duration,
    /// How long all of it may take, for the message.
    pub(super) deadline: Duration,
    /// When that is over.
    pub(super) until: Instant,
    pub(super) redirects: Redirects,
}

impl Limits {
    /// The moment to give up, when `patience` begins now.
    pub(super) fn moment(&self, patience: Duration) -> Instant {
        self.until.min(Instant::now() + patience)
    }

    /// What it means when that moment is over.
    pub(super) fn failure(&self, waited: Duration, got_bytes: u64) -> FetchFailure {
        if Instant::now() >= self.until {
            FetchFailure::DeadlinePassed { deadline: self.deadline, got_bytes }
        } else {
            FetchFailure::Stalled { waited, got_bytes }
        }
    }
}
