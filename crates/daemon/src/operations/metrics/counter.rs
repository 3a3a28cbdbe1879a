//! A number that only grows.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that only grows. Relaxed: it orders nothing, and a reader may be a few behind.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self) {
        self.add_many(1);
    }

    pub(super) fn add_many(&self, many: u64) {
        self.0.fetch_add(many, Relaxed);
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
