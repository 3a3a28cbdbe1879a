//! Times per request: counted in steps of three per cent, so that measuring costs next to nothing.

use std::time::Duration;

/// Steps between a number and its double.
const STEPS: u64 = 32;

pub(crate) struct Histogram {
    counts: Vec<u64>,
    all: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; 64 * STEPS as usize], all: 0 }
    }

    pub(crate) fn add(&mut self, time: Duration) {
        let nanos = (time.as_nanos() as u64).max(STEPS);
        let power = u64::from(nanos.ilog2());
        // The five bits below the highest one.
        let step = (nanos >> (power - 5)) - STEPS;
        self.counts[(power * STEPS + step) as usize] += 1;
        self.all += 1;
    }

    /// The time that so many of a thousand requests took at most, in microseconds.
    pub(crate) fn of_thousand(&self, share: u64) -> f64 {
        let mut left = (self.all * share).div_ceil(1000);
        for (index, count) in self.counts.iter().enumerate() {
            if *count >= left && *count > 0 {
                let (power, step) = (index as u64 / STEPS, index as u64 % STEPS);
                return (((STEPS + step + 1) << power >> 5) as f64) / 1000.0;
            }
            left -= count;
        }
        f64::NAN
    }

    pub(crate) fn all(&self) -> u64 {
        self.all
    }
}
