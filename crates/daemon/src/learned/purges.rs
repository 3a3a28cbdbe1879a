//! Purges that have begun, so that what was read before does not come back after.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts purges.
#[derive(Debug, Default)]
pub(super) struct Purges(Mutex<u64>);

impl Purges {
    /// How many have begun.
    pub(super) fn count(&self) -> u64 {
        *self.lock()
    }

    /// Notes that one begins: what [`unless_since`](Self::unless_since) does is done by now, or never.
    pub(super) fn begin(&self) {
        *self.lock() += 1;
    }

    /// Does something unless a purge has begun since there were so many.
    pub(super) fn unless_since(&self, count: u64, keep: impl FnOnce()) {
        let begun = self.lock();
        if *begun == count {
            keep();
        }
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod what_was_read_before_a_purge {
    use super::*;

    #[test]
    fn fault_is_not_kept_after_it() {
        let purges = Purges::default();
        let before = purges.count();
        let mut kept = 0;
        purges.unless_since(before, || kept += 1);
        purges.begin();
        purges.unless_since(before, || kept += 1);
        assert_eq!(kept, 1);
        purges.unless_since(purges.count(), || kept += 1);
        assert_eq!(kept, 2);
    }
}
