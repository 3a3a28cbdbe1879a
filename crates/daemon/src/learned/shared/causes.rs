//! Causes of one outage: each is logged once, so that the log names all of them and repeats none.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Causes of one outage that are logged; words that change with each try must not fill the log.
const MOST: usize = 8;

/// Causes of the present outage that were logged.
#[derive(Debug, Default)]
pub(super) struct Causes(Mutex<BTreeSet<String>>);

impl Causes {
    /// Tells whether a cause is to be logged, and notes that it was.
    pub(super) fn is_new(&self, words: &str) -> bool {
        let mut known = self.lock();
        known.len() < MOST && known.insert(words.to_owned())
    }

    /// Forgets all: the outage has ended.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod causes_of_an_outage {
    use super::*;

    #[test]
    fn fault_are_new_once_until_it_ends_and_bounded() {
        let causes = Causes::default();
        assert!(causes.is_new("no password") && !causes.is_new("no password") && causes.is_new("no room"));
        for other in 2..MOST {
            assert!(causes.is_new(&other.to_string()));
        }
        assert!(!causes.is_new("too many"));
        causes.forget();
        assert!(causes.is_new("no password"));
    }
}
