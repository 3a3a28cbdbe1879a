//! What there is to see, gathered when somebody looks.

use std::fmt;
use std::sync::Arc;

use starttls_policy::Timestamp;

use super::document::StatusDocument;
use crate::operations::{Health, Journal, Metrics, Snapshot};

/// What there is to see. Cheap to clone; gathers nothing until it is asked.
#[derive(Clone)]
pub struct View {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What went wrong, and what was slow.
    pub journal: Arc<Journal>,
    /// Whether look-ups are answered.
    pub health: Arc<Health>,
    /// The numbers of the moment.
    pub snapshot: Arc<dyn Fn() -> Snapshot + Send + Sync>,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// What the sandbox holds, in words.
    pub sandbox: Arc<str>,
}

impl View {
    /// All that `/status.json` tells.
    pub fn document(&self) -> StatusDocument {
        let now = (self.now)();
        StatusDocument::new(
            now,
            self.health.state(),
            (self.snapshot)(),
            self.journal.failures(),
            self.journal.slowest(now),
            &self.sandbox,
        )
    }

    /// All that `/metrics` tells.
    pub fn exposition(&self) -> String {
        self.metrics.exposition((self.snapshot)(), self.health.state())
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("health", &self.health.state()).finish_non_exhaustive()
    }
}
