//! How it stands with the shared store: counted from its connections, said once, and watched.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use starttls_policy::{Domain, with_causes};
use starttls_store::StoreError;
use tokio::sync::watch;

use super::READERS;
use super::causes::Causes;
use super::unreadable::UnreadableRows;
use crate::learned::hourly::Hourly;
use crate::learned::record::PassedOver;
use crate::learned::standing::{SharedState, SharedTroubles, add};

/// How it stands with the shared store.
#[derive(Debug)]
pub(super) struct Link {
    place: String,
    state: watch::Sender<SharedState>,
    /// Readers that are connected.
    readers: AtomicUsize,
    /// Readers whose query is not answered in the time of a look-up.
    stalled: AtomicUsize,
    /// Changes whenever some connection broke: the others are then put to the proof.
    doubts: watch::Sender<u64>,
    losses: AtomicU64,
    refused_writes: AtomicU64,
    refused_connections: AtomicU64,
    unreadable: AtomicU64,
    given_up: AtomicU64,
    held_up: AtomicU64,
    /// Causes of the present outage that were logged.
    causes: Causes,
    unreadable_rows: UnreadableRows,
    held_up_rows: UnreadableRows,
    given_up_told: Hourly,
}

impl Link {
    pub(super) fn new(place: String) -> Self {
        Self {
            place,
            state: watch::Sender::new(SharedState::Connecting),
            readers: AtomicUsize::new(0),
            stalled: AtomicUsize::new(0),
            doubts: watch::Sender::new(0),
            losses: AtomicU64::new(0),
            refused_writes: AtomicU64::new(0),
            refused_connections: AtomicU64::new(0),
            unreadable: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            held_up: AtomicU64::new(0),
            causes: Causes::default(),
            unreadable_rows: UnreadableRows::default(),
            held_up_rows: UnreadableRows::default(),
            given_up_told: Hourly::default(),
        }
    }

    pub(super) fn state(&self) -> SharedState {
        self.state.borrow().clone()
    }

    pub(super) fn troubles(&self) -> SharedTroubles {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SharedTroubles {
            losses: read(&self.losses),
            refused_writes: read(&self.refused_writes),
            refused_connections: read(&self.refused_connections),
            unreadable: read(&self.unreadable),
            given_up: read(&self.given_up),
            held_up: read(&self.held_up),
        }
    }

    pub(super) async fn state_after(&self, seen: &SharedState) -> SharedState {
        let mut state = self.state.subscribe();
        let changed = state.wait_for(|state| state != seen).await;
        changed.map_or_else(|_| seen.clone(), |state| state.clone())
    }

    pub(super) async fn until_down(&self) {
        let _ = self.state.subscribe().wait_for(|state| !state.answers()).await;
    }

    /// Tells whether a look-up may be answered in time.
    pub(super) fn answers(&self) -> bool {
        self.state.borrow().answers() && self.stalled.load(Ordering::Relaxed) < READERS
    }

    /// Changes whenever a connection is to be put to the proof.
    pub(super) fn doubts(&self) -> watch::Receiver<u64> {
        self.doubts.subscribe()
    }

    /// Has every other connection put to the proof.
    pub(super) fn doubt(&self) {
        self.doubts.send_modify(|doubts| *doubts += 1);
    }

    /// A reader's query takes longer than a look-up may, or no longer does.
    pub(super) fn stalled(&self, is_so: bool) {
        if is_so {
            self.stalled.fetch_add(1, Ordering::Relaxed);
        } else {
            self.stalled.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// A reader is connected. Whether anything can be read over its connection is for a query to tell.
    pub(super) fn reader_connected(&self) {
        self.readers.fetch_add(1, Ordering::AcqRel);
    }

    /// A reader's open connection broke, or gave no answer: with the last of them the store is lost.
    pub(super) fn reader_lost(&self, error: &StoreError) {
        if self.readers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.lose(error);
        }
        self.doubt();
    }

    /// A connection cannot be opened. That says nothing about those that are open.
    pub(super) fn not_opened(&self, error: &StoreError) {
        add(&self.refused_connections, 1);
        if self.readers.load(Ordering::Acquire) == 0 {
            self.lose(error);
        }
    }

    /// A query was refused: no permission, or no table. The connection is sound, and nothing is to be had over it.
    pub(super) fn reads_refused(&self, error: &StoreError) {
        self.down(error, "answers no look-ups");
    }

    /// A query was answered.
    pub(super) fn reads_answered(&self) {
        let again = self.state.send_if_modified(|state| {
            let was_down = !state.answers();
            if was_down {
                *state = SharedState::Up;
            }
            was_down
        });
        if again {
            self.causes.forget();
            tracing::info!("the shared store {} is reached", self.place);
        }
    }

    /// Writes are taken.
    pub(super) fn writes_taken(&self) {
        let again = self.state.send_if_modified(|state| {
            let was_refused = matches!(state, SharedState::ReadOnly { .. } | SharedState::HeldUp { .. });
            if was_refused {
                *state = SharedState::Up;
            }
            was_refused
        });
        if again {
            self.causes.forget();
            tracing::info!("the shared store {} takes writes again", self.place);
        }
    }

    /// Writes are taken, except for some rows, which wait and are tried again.
    pub(super) fn writes_held_up(&self, rows: usize, cause: &str) {
        let words = format!("{rows} of its rows, tried again within a minute: {cause}");
        self.state.send_if_modified(|state| {
            let held_up = SharedState::HeldUp { words };
            let is_new = state.answers() && *state != held_up;
            if is_new {
                *state = held_up;
            }
            is_new
        });
    }

    /// A row cannot be written while others can; logged with its domain, some in an hour.
    pub(super) fn row_held_up(&self, domain: &Domain, error: &StoreError) {
        const ROW: PassedOver = PassedOver { table: "", cause: "held up" };
        add(&self.held_up, 1);
        if self.held_up_rows.is_due(domain, &ROW) {
            tracing::warn!(
                "the shared store {} does not take what this node learns of {domain}, which waits and is tried again: {}; see in \
                 `pg_stat_activity` who holds a lock there, and which triggers there are",
                self.place,
                with_causes(error)
            );
        }
    }

    /// Writes are refused, or no connection for them is to be had; what was to be written waits.
    pub(super) fn writes_refused(&self, error: &StoreError) {
        let counter = match error {
            StoreError::Open { .. } | StoreError::Password { .. } => &self.refused_connections,
            _ => &self.refused_writes,
        };
        add(counter, 1);
        let words = with_causes(error);
        let is_read = self.state.send_if_modified(|state| {
            let is_read = state.answers();
            if is_read {
                *state = SharedState::ReadOnly { words: words.clone() };
            }
            is_read
        });
        if is_read && self.causes.is_new(&words) {
            tracing::warn!("the shared store {} takes no writes, and is only read: {words}", self.place);
        }
    }

    /// Rows of a domain that are passed over; logged by table, domain and cause.
    pub(super) fn passed_over(&self, domain: &Domain, parts: &[PassedOver]) {
        add(&self.unreadable, parts.len() as u64);
        for part in parts.iter().filter(|part| self.unreadable_rows.is_due(domain, part)) {
            tracing::warn!(
                "the shared store {} holds a row that no node writes, and it is passed over: {} of {domain} in `{}`; see who can write \
                 there",
                self.place,
                part.cause,
                part.table
            );
        }
    }

    /// Changes that the database refuses for what stands in them: other nodes learn them themselves. Said once an hour.
    pub(super) fn gave_up(&self, changes: u64, cause: &StoreError) {
        add(&self.given_up, changes);
        if self.given_up_told.is_due() {
            tracing::warn!(
                "the shared store {} refuses some of what this node learns, and is not asked to take it again: {}",
                self.place,
                with_causes(cause)
            );
        }
    }

    /// Notes that no open connection is left that answers.
    fn lose(&self, error: &StoreError) {
        let is_known = !matches!(*self.state.borrow(), SharedState::Connecting);
        self.down(error, if is_known { "is lost" } else { "is not reached" });
    }

    /// Notes that nothing can be read, and logs each cause once until it is reached again.
    fn down(&self, error: &StoreError, how: &str) {
        let words = with_causes(error);
        let before = self.state.send_replace(SharedState::Down { words: words.clone() });
        let is_new = self.causes.is_new(&words);
        if !matches!(before, SharedState::Down { .. }) {
            add(&self.losses, 1);
            tracing::warn!("the shared store {} {how}, this node goes on alone: {words}", self.place);
        } else if is_new {
            tracing::warn!(
                "the shared store {} is still not available, for another cause: {words}",
                self.place
            );
        }
    }
}
