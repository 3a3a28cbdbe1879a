//! What time it is, injected so that rules are tested without waiting.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use starttls_policy::Timestamp;
use tokio::time::Instant;

/// Tells the wall-clock time. How long an answer may be kept is measured by tokio's clock, which nobody can set.
#[derive(Clone)]
pub struct Clock {
    wall: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// A moment, and the wall-clock time then.
    begun: (Instant, Timestamp),
}

impl Clock {
    /// A clock that asks `now`.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let begun = (Instant::now(), now());
        Self { wall: Arc::new(now), begun }
    }

    /// The machine's own.
    pub fn system() -> Self {
        Self::new(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_seconds(since.as_secs()).unwrap_or(Timestamp::MAX)
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.wall)()
    }

    /// How far the wall clock is ahead of the steady one, in seconds; another number than before means that it was set.
    pub(crate) fn lead(&self) -> i64 {
        self.now().seconds().cast_signed() - self.steady().seconds().cast_signed()
    }

    /// The time when this clock was made, and what has passed since: nobody who sets the wall clock changes it.
    pub(crate) fn steady(&self) -> Timestamp {
        let (moment, time) = self.begun;
        let seconds = time.seconds().saturating_add(moment.elapsed().as_secs());
        Timestamp::from_seconds(seconds).unwrap_or(Timestamp::MAX)
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
