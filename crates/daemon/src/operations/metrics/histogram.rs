//! How long things took, in fixed steps and without a lock: that of the library takes one for each observation.

use std::time::Duration;

use super::counter::Counter;

/// Upper bounds in seconds: an answer from the resolver's cache is about a millisecond, a mail server waits for 100 seconds.
const BOUNDS: [f64; 14] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];

/// How long things took.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    /// As many as fell between a bound and the one before; the last above all bounds.
    steps: [Counter; BOUNDS.len() + 1],
    sum_micros: Counter,
}

impl Histogram {
    pub(super) fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let step = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        self.steps[step].add();
        self.sum_micros.add_many(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Sum in seconds, count, and steps by their upper bound, as the library writes them.
    pub(super) fn read(&self) -> (f64, u64, Vec<(f64, u64)>) {
        let bounds = BOUNDS.iter().copied().chain([f64::INFINITY]);
        let steps: Vec<_> = bounds.zip(self.steps.iter().map(Counter::value)).collect();
        // Counted from the same reading, so that the count is never another one than the last step's.
        let count = steps.iter().map(|(_, many)| many).sum();
        (Duration::from_micros(self.sum_micros.value()).as_secs_f64(), count, steps)
    }
}
