//! Counters of what is served, for metrics and status. Answers are counted by whoever gives them.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts connections, and requests that got no answer, since the start; read it at any time with relaxed loads.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Connections that are open now: a gauge, all others only grow.
    pub open: AtomicU64,
    /// Connections that were taken.
    pub accepted: AtomicU64,
    /// Connections that were closed to make room for a new one.
    pub shed: AtomicU64,
    /// Connections that were closed since a deadline had passed: idle, half a request, replies not read.
    pub expired: AtomicU64,
    /// Connections that were closed since what came was no socketmap request.
    pub malformed: AtomicU64,
    /// Requests to a map that there is not; they get a temporary error.
    pub unknown_map: AtomicU64,
    /// Requests that got a temporary error in place of an answer: too many under way, too slow, or broken.
    pub unanswered: AtomicU64,
}

/// Adds one.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
