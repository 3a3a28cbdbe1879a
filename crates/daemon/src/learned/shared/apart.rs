//! Rows that cannot be written while others can: locked by another session, or refused. They wait here and do not hold up the rest.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use starttls_policy::Domain;
use tokio::time::Instant;

use super::pause::Pause;
use crate::learned::change::Change;

/// Most domains that are set apart; with more of them the store counts as one that takes no writes.
const MOST: usize = 64;

/// Changes of domains whose rows cannot be written at present.
#[derive(Debug, Default)]
pub(super) struct Apart(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rows: HashMap<Domain, Change>,
    /// When they are tried again.
    due: Option<Instant>,
    pause: Pause,
    cause: String,
}

/// Result of setting a change apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum SetApart {
    /// The domain is new here.
    New,
    /// The domain was here before.
    Known,
    /// There is no room.
    Full,
}

impl Apart {
    /// Sets a change apart, with the database's words.
    pub(super) fn add(&self, domain: &Domain, change: Change, cause: String) -> SetApart {
        let mut state = self.lock();
        state.cause = cause;
        if let Some(before) = state.rows.get_mut(domain) {
            before.then(change);
            return SetApart::Known;
        }
        if state.rows.len() >= MOST {
            return SetApart::Full;
        }
        if state.rows.is_empty() {
            state.pause = Pause::default();
        }
        if state.due.is_none() {
            state.due = Some(Instant::now() + state.pause.next());
        }
        state.rows.insert(domain.clone(), change);
        SetApart::New
    }

    /// Takes in the changes of domains that are set apart; returns the others, or none where nothing is set apart.
    pub(super) fn take_in(&self, changes: &HashMap<Domain, Change>) -> Option<HashMap<Domain, Change>> {
        let mut state = self.lock();
        if state.rows.is_empty() {
            return None;
        }
        let mut others = HashMap::with_capacity(changes.len());
        for (domain, change) in changes {
            match state.rows.get_mut(domain) {
                Some(before) => before.then(change.clone()),
                None => {
                    others.insert(domain.clone(), change.clone());
                }
            }
        }
        Some(others)
    }

    /// The changes that are to be tried again now.
    pub(super) fn due(&self) -> HashMap<Domain, Change> {
        let state = self.lock();
        if state.due.is_some_and(|due| due <= Instant::now()) { state.rows.clone() } else { HashMap::new() }
    }

    /// Waits until something is to be tried again; for good, where nothing is set apart.
    pub(super) async fn until_due(&self) {
        let due = self.lock().due;
        match due {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// Notes that all were tried again.
    pub(super) fn tried(&self) {
        let mut state = self.lock();
        state.due = (!state.rows.is_empty()).then(|| Instant::now() + state.pause.next());
    }

    /// Has all of them tried again at once.
    pub(super) fn hurry(&self) {
        self.lock().due = Some(Instant::now());
    }

    /// Forgets a domain: it was written, or purged.
    pub(super) fn forget(&self, domain: &Domain) {
        self.lock().rows.remove(domain);
    }

    /// How many domains are set apart, and the cause of the last of them; none where there are none.
    pub(super) fn trouble(&self) -> Option<(usize, String)> {
        let state = self.lock();
        (!state.rows.is_empty()).then(|| (state.rows.len(), state.cause.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod rows_set_apart {
    use starttls_policy::Timestamp;

    use super::*;

    fn domain(number: usize) -> Domain {
        Domain::parse(&format!("{number}.example.org")).unwrap()
    }

    fn dane(seconds: u64) -> Change {
        Change { dane_until: Timestamp::from_seconds(seconds).ok(), ..Change::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn fault_are_bounded_take_in_what_comes_later_and_are_tried_again() {
        let apart = Apart::default();
        let changes: HashMap<_, _> = [(domain(0), dane(5)), (domain(99), dane(5))].into();
        assert_eq!(apart.take_in(&changes), None);
        for number in 0..MOST {
            assert_eq!(apart.add(&domain(number), dane(1), String::new()), SetApart::New);
        }
        assert_eq!(apart.add(&domain(0), dane(2), String::new()), SetApart::Known);
        assert_eq!(apart.add(&domain(MOST), dane(1), "full".into()), SetApart::Full);
        assert_eq!(apart.take_in(&changes), Some([(domain(99), dane(5))].into()));
        assert!(apart.due().is_empty());
        apart.until_due().await;
        assert_eq!(apart.due().len(), MOST);
        assert_eq!(apart.due().get(&domain(0)), Some(&dane(5)));
        apart.tried();
        assert!(apart.due().is_empty());
        for number in 0..MOST {
            apart.forget(&domain(number));
        }
        apart.tried();
        assert_eq!(apart.trouble(), None);
    }
}
