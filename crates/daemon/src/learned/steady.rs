//! The time that callers name, and whether it can be relied on.
//!
//! A wall clock may be years ahead for a minute: after a boot without a battery, or by a mistake. What has ended by such a clock has
//! not ended. So nothing is deleted as ended before the wall clock has gone along with the monotonic clock for long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use starttls_policy::Timestamp;
use tokio::time::Instant;

/// Two clocks that drift apart by less are the same: time servers correct by seconds, and a machine may sleep for a while.
const JUMP: u64 = 3_600;

/// A clock that is behind what is stored is believed once it has gone without a jump for as many times the span after which it is
/// relied on: a week. Until then no stored end is moved to an earlier time.
const BELIEVED_AFTER: u32 = 7;

/// The time that a caller named last: nothing here asks a clock.
#[derive(Debug)]
pub(super) struct LastTime {
    /// The clock is relied on once it has gone without a jump for as long.
    settled_after: Duration,
    seen: Mutex<Option<Seen>>,
    /// The latest time at which anything was stored, in seconds, by whatever clock.
    newest: AtomicU64,
}

/// The last time, and since when the clock has gone without a jump.
#[derive(Clone, Copy, Debug)]
struct Seen {
    seconds: u64,
    at: Instant,
    steady_since: Instant,
}

impl LastTime {
    pub(super) fn new(settled_after: Duration) -> Self {
        Self { settled_after, seen: Mutex::default(), newest: AtomicU64::new(0) }
    }

    /// Notes a time at which something was stored.
    pub(super) fn note_stored(&self, time: Timestamp) {
        self.newest.fetch_max(time.seconds(), Ordering::Relaxed);
    }

    /// Forgets times that lie ahead: the clock is believed, and what was stored ahead of it has been bounded.
    pub(super) fn forget_ahead(&self, now: Timestamp) {
        self.newest.fetch_min(now.seconds(), Ordering::Relaxed);
    }

    /// The latest time that is stored, if `now` is earlier by more than clocks may differ: one of the two clocks is wrong.
    pub(super) fn is_ahead_of(&self, now: Timestamp) -> Option<Timestamp> {
        let newest = self.newest.load(Ordering::Relaxed);
        (newest > now.seconds().saturating_add(JUMP)).then(|| Timestamp::from_seconds(newest).ok()).flatten()
    }

    /// The latest time that is stored, if the clock is behind it and not believed.
    pub(super) fn behind(&self, now: Timestamp) -> Option<Timestamp> {
        self.is_ahead_of(now).filter(|_| !self.is_believed())
    }

    /// Tells whether the clock has gone without a jump for long enough to believe it against times that are stored.
    pub(super) fn is_believed(&self) -> bool {
        self.lock().is_some_and(|seen| seen.steady_since.elapsed() >= self.settled_after * BELIEVED_AFTER)
    }

    /// The time now, by the clock that callers name.
    pub(super) fn last(&self) -> Option<Timestamp> {
        let seen = (*self.lock())?;
        Timestamp::from_seconds(seen.seconds.saturating_add(seen.at.elapsed().as_secs())).ok()
    }

    /// Notes the time that a caller names.
    pub(super) fn note(&self, now: Timestamp) {
        let (seconds, at) = (now.seconds(), Instant::now());
        let mut seen = self.lock();
        let steady_since = seen
            .filter(|seen| (seen.seconds + seen.at.elapsed().as_secs()).abs_diff(seconds) <= JUMP)
            .map_or(at, |seen| seen.steady_since);
        *seen = Some(Seen { seconds, at, steady_since });
    }

    /// Tells whether the clock has gone without a jump for long enough to delete by it.
    pub(super) fn is_settled(&self) -> bool {
        self.lock().is_some_and(|seen| seen.steady_since.elapsed() >= self.settled_after)
    }

    /// The time by which rows have ended that may go; 1970 as long as the clock is not relied on, when nothing has ended.
    pub(super) fn settled(&self) -> Timestamp {
        let seconds = self.lock().filter(|seen| seen.steady_since.elapsed() >= self.settled_after);
        Timestamp::from_seconds(seconds.map_or(0, |seen| seen.seconds)).unwrap_or(Timestamp::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod times {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);
    const NOW: u64 = 1_800_000_000;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn fault_nothing_has_ended_before_the_clock_has_gone_a_day_without_a_jump() {
        let clock = LastTime::new(DAY);
        let mut now = NOW;
        for _ in 0..24 {
            clock.note(at(now));
            assert_eq!((clock.is_settled(), clock.settled()), (false, at(0)));
            tokio::time::advance(Duration::from_hours(1)).await;
            now += 3_600;
        }
        clock.note(at(now));
        assert_eq!((clock.is_settled(), clock.settled()), (true, at(now)));
        // A minute two years ahead, and back: each begins anew.
        for jumped in [now + 730 * 86_400, now] {
            clock.note(at(jumped));
            assert_eq!((clock.is_settled(), clock.settled()), (false, at(0)));
        }
    }
}
