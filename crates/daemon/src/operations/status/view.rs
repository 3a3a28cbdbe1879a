//! What there is to see, gathered when somebody looks.

use std::fmt;
use std::sync::Arc;

use starttls_policy::Timestamp;

use super::document::StatusDocument;
use crate::engine::{LookupReport, LookupState};
use crate::operations::{Health, HealthState, Journal, Metrics, Snapshot};

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
    /// Whether mail can go out: what the daemon knows of itself, and that some MX look-up is answered. The watchdog goes by the
    /// first alone, since a restart does not repair a resolver.
    pub fn health(&self) -> HealthState {
        self.health_of(&(self.snapshot)())
    }

    fn health_of(&self, snapshot: &Snapshot) -> HealthState {
        let health = self.health.state();
        let LookupReport { state, failure, .. } = &snapshot.lookups;
        if health != HealthState::Serving || *state != LookupState::Failing {
            return health;
        }
        let words = failure.as_deref().unwrap_or("no cause is known");
        HealthState::Failing(format!("no MX look-up is answered: {words}"))
    }

    /// All that `/status.json` tells.
    pub fn document(&self) -> StatusDocument {
        let now = (self.now)();
        let snapshot = (self.snapshot)();
        StatusDocument::new(
            now,
            self.health_of(&snapshot),
            snapshot,
            self.journal.failures(),
            self.journal.slowest(now),
            &self.sandbox,
        )
    }

    /// All that `/metrics` tells.
    pub fn exposition(&self) -> String {
        let snapshot = (self.snapshot)();
        let health = self.health_of(&snapshot);
        self.metrics.exposition(snapshot, health)
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("health", &self.health.state()).finish_non_exhaustive()
    }
}
