//! Changes that wait to be written: merged per domain, bounded, seen by whoever reads meanwhile.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use starttls_policy::Domain;
use tokio::sync::{Notify, watch};

use super::change::Change;
use super::remembered::Remembered;

/// How long changes are gathered: what a crash may lose.
const GATHERING: Duration = Duration::from_secs(1);

/// As many changes are written at once, without waiting for more.
const BATCH: usize = 500;

/// Changes that may wait while a store takes none: some seconds of a busy node, and a memory that is given.
const MAX_WAITING: usize = 4_096;

/// Memory that waiting changes may take in bytes: a stranger's policy may be large.
const MAX_WAITING_BYTES: usize = 4 << 20;

/// Changes on their way into one store.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something waits.
    filled: Notify,
    /// Someone waits for all to be written, or a batch is full.
    hurry: Notify,
    /// Progress of the writer.
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Default)]
struct State {
    waiting: HashMap<Domain, Change>,
    /// Taken by the writer and not written yet.
    in_flight: Arc<HashMap<Domain, Change>>,
    bytes: usize,
    /// Changes ever added.
    added: u64,
    /// Value of `added` when the batch in flight was taken.
    taken: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    written: u64,
    failures: u64,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Added {
    Waits,
    /// There was no room: this one, or one that protects less, is given up.
    OneDropped,
}

impl Queue {
    /// Adds a change.
    pub(super) fn add(&self, domain: &Domain, change: Change) -> Added {
        let mut state = self.lock();
        state.added += 1;
        let added = state.add(domain, change);
        let is_full = state.waiting.len() >= BATCH;
        drop(state);
        self.filled.notify_one();
        if is_full {
            self.hurry.notify_one();
        }
        added
    }

    /// What waits of a domain, as far as a reader needs it. Asked before the store, so that nothing falls between.
    pub(super) fn overlay(&self, domain: &Domain) -> Option<Change> {
        let state = self.lock();
        let mut change = state.in_flight.get(domain).cloned();
        if let Some(later) = state.waiting.get(domain) {
            change.get_or_insert_default().then(later.clone());
        }
        change
    }

    /// The domains of which something waits to be written, by name.
    pub(super) fn domains(&self) -> BTreeSet<Domain> {
        let state = self.lock();
        state.in_flight.keys().chain(state.waiting.keys()).cloned().collect()
    }

    /// Waits until there is something to write, and then until enough is gathered.
    pub(super) async fn gathered(&self) {
        while self.lock().waiting.is_empty() {
            self.filled.notified().await;
        }
        let _ = tokio::time::timeout(GATHERING, self.hurry.notified()).await;
    }

    /// Takes all that waits, for the writer.
    pub(super) fn take(&self) -> Arc<HashMap<Domain, Change>> {
        let mut state = self.lock();
        state.taken = state.added;
        state.bytes = 0;
        state.in_flight = Arc::new(std::mem::take(&mut state.waiting));
        Arc::clone(&state.in_flight)
    }

    /// What was taken is written.
    pub(super) fn written(&self) {
        let mut state = self.lock();
        state.in_flight = Arc::default();
        let written = state.taken;
        drop(state);
        self.progress.send_modify(|progress| progress.written = written);
    }

    /// What was taken could not be written: it waits again, below what came meanwhile. Tells how many are given up for want of room.
    pub(super) fn failed(&self) -> u64 {
        let mut state = self.lock();
        let mut dropped = 0;
        for (domain, mut change) in Arc::unwrap_or_clone(std::mem::take(&mut state.in_flight)) {
            if let Some(later) = state.waiting.remove(&domain) {
                state.bytes = state.bytes.saturating_sub(later.weight());
                change.then(later);
            }
            dropped += u64::from(state.add(&domain, change) == Added::OneDropped);
        }
        drop(state);
        self.progress.send_modify(|progress| progress.failures += 1);
        dropped
    }

    /// Waits until all that was added so far is written, or a try to write it went wrong.
    pub(super) async fn flushed(&self) {
        let mut progress = self.progress.subscribe();
        let target = self.lock().added;
        let failures = progress.borrow().failures;
        let is_done = |now: &Progress| now.written >= target || now.failures > failures;
        if is_done(&progress.borrow()) {
            return;
        }
        self.filled.notify_one();
        self.hurry.notify_one();
        let _ = progress.wait_for(is_done).await;
    }

    /// How many domains wait, whatever is in flight left out.
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Tells whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, domain: &Domain, change: Change) -> Added {
        if let Some(waiting) = self.waiting.get_mut(domain) {
            let before = waiting.weight();
            waiting.then(change);
            self.bytes = (self.bytes + waiting.weight()).saturating_sub(before);
            return Added::Waits;
        }
        let mut added = Added::Waits;
        while self.waiting.len() >= MAX_WAITING || self.bytes + change.weight() > MAX_WAITING_BYTES {
            added = Added::OneDropped;
            // Protection takes the place of what does not protect; a flood of anything else takes nobody's place.
            let weaker = self.waiting.iter().find(|(_, waiting)| !waiting.protects());
            let Some(weaker) = weaker.filter(|_| change.protects()).map(|(weaker, _)| weaker.clone()) else {
                return added;
            };
            if let Some(gone) = self.waiting.remove(&weaker) {
                self.bytes = self.bytes.saturating_sub(gone.weight());
            }
        }
        self.bytes += change.weight();
        self.waiting.insert(domain.clone(), change);
        added
    }
}

/// What a reader makes of a row and of what waits to be written over it.
pub(super) fn overlaid(mut remembered: Remembered, overlay: Option<&Change>) -> Remembered {
    if let Some(change) = overlay {
        change.apply_to(&mut remembered);
    }
    remembered
}

#[cfg(test)]
mod waiting_changes {
    use starttls_policy::decide::evidence::StsPolicy;
    use starttls_policy::{Mode, MxPattern, Timestamp};

    use super::super::remembered::{KeptPolicy, Learnt};
    use super::*;

    fn domain(number: usize) -> Domain {
        Domain::parse(&format!("{number}.example.org")).unwrap()
    }

    fn policy(mode: Mode, patterns: usize, fetched: u64) -> Change {
        let mx =
            (0..patterns).map(|one| MxPattern::parse(&format!("mx{one}.example.org")).unwrap()).collect();
        let fetched = Timestamp::from_seconds(fetched).unwrap();
        let policy = StsPolicy { mode, mx, id: "1".into(), fetched, max_age: Duration::from_mins(1) };
        let kept = KeptPolicy { policy, confirmed: fetched, origin: Learnt::Here };
        Change { policy: Some(kept), ..Change::default() }
    }

    fn dane(seconds: u64) -> Change {
        Change { dane_until: Timestamp::from_seconds(seconds).ok(), ..Change::default() }
    }

    #[test]
    fn are_bounded_in_number_and_protection_goes_first() {
        let queue = Queue::default();
        for number in 0..MAX_WAITING {
            assert_eq!(queue.add(&domain(number), dane(1)), Added::Waits);
        }
        // Known domains merge; further ones find no room, unless they protect.
        assert_eq!(queue.add(&domain(0), dane(2)), Added::Waits);
        assert_eq!(queue.add(&domain(MAX_WAITING), dane(1)), Added::OneDropped);
        assert_eq!(queue.overlay(&domain(MAX_WAITING)), None);
        for number in 0..2 * MAX_WAITING {
            let _ = queue.add(&domain(MAX_WAITING + number), policy(Mode::Enforce, 1, 1));
        }
        let waiting = queue.take();
        assert_eq!(waiting.len(), MAX_WAITING);
        assert!(waiting.values().all(Change::protects));
    }

    #[test]
    fn are_bounded_in_memory() {
        let queue = Queue::default();
        for number in 0..MAX_WAITING {
            let _ = queue.add(&domain(number), policy(Mode::Testing, 1_000, 1));
        }
        let weight: usize = queue.take().values().map(Change::weight).sum();
        assert!(weight <= MAX_WAITING_BYTES && weight > MAX_WAITING_BYTES / 2, "{weight}");
        // What was taken no longer counts, what comes back does.
        assert_eq!(queue.add(&domain(0), policy(Mode::Testing, 1_000, 2)), Added::Waits);
        queue.failed();
        let weight: usize = queue.take().values().map(Change::weight).sum();
        assert!(weight <= MAX_WAITING_BYTES, "{weight}");
    }

    #[test]
    fn are_seen_until_they_are_written() {
        let queue = Queue::default();
        queue.add(&domain(1), dane(1));
        queue.take();
        assert_eq!(queue.overlay(&domain(1)), Some(dane(1)));
        queue.add(&domain(1), policy(Mode::Enforce, 1, 5));
        let both = Change { dane_until: dane(1).dane_until, ..policy(Mode::Enforce, 1, 5) };
        assert_eq!(queue.overlay(&domain(1)), Some(both.clone()));
        assert_eq!(queue.failed(), 0);
        assert_eq!(queue.overlay(&domain(1)), Some(both.clone()));
        assert_eq!(queue.take().get(&domain(1)), Some(&both));
        queue.written();
        assert_eq!(queue.overlay(&domain(1)), None);
        assert!(queue.is_empty());
    }

    #[tokio::test]
    async fn are_gathered_for_a_while_unless_they_are_many() {
        let queue = Queue::default();
        let is_at_once = async || tokio::time::timeout(Duration::ZERO, queue.gathered()).await.is_ok();
        assert!(!is_at_once().await);
        queue.add(&domain(1), dane(1));
        assert!(!is_at_once().await);
        for number in 0..BATCH {
            queue.add(&domain(number), dane(1));
        }
        assert!(is_at_once().await);
    }
}
