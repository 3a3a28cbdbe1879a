//! What was learnt of domains and must outlast a restart: policies, releases, DANE.
//!
//! ```text
//! keep_… ─► queue ─► batch, about every second ─► own store (SQLite, always there)
//!              └──► queue ─► batch ────────────► shared store (PostgreSQL, if set up) ◄── other nodes
//! recall ◄─ what waits over the own store, then the shared one
//! ```
//!
//! Nothing here asks a clock: times come in as arguments. Which answer follows from what is remembered is the engine's matter.

mod batch;
mod change;
mod clock_trouble;
mod due;
mod forgetting;
mod hourly;
mod in_memory;
mod looked_up;
mod names;
mod obstacle;
mod own;
mod presence;
mod purges;
mod questions;
mod queue;
mod recall;
mod record;
mod remembered;
mod room;
mod schema;
mod settings;
mod shared;
mod standing;
mod steady;
mod upsert;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use starttls_policy::decide::evidence::StsRelease;
use starttls_policy::{Domain, Timestamp};
use starttls_store::Place;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use change::{Change, Ends, NEVER};
use clock_trouble::Complaint;
use due::Turns;
use own::Own;
use purges::Purges;
use questions::PoliciesElsewhere;
use queue::Added;
pub(crate) use remembered::SHORTEST_POLICY;
pub use remembered::{KeptPolicy, Learnt, Reach, Recall, Remembered};
pub use settings::{DEFAULT_ROW_LIMIT, LearnedSettings, SETTLED_AFTER};
pub use shared::PurgedShared;
use shared::Shared;
use standing::add;
pub use standing::{Counts, Purge, PurgeError, SharedState, SharedTroubles, ToVerify, Troubles};
use steady::LastTime;

/// The memory of this node, and of all nodes if they share one. Clones are the same memory.
#[derive(Clone, Debug)]
pub struct Learned {
    own: Arc<Own>,
    shared: Option<Arc<Shared>>,
    clock: Arc<LastTime>,
    complaint: Arc<Complaint>,
    turns: Arc<Turns>,
    purges: Arc<Purges>,
    tasks: Arc<Tasks>,
}

/// Why the shared store is not emptied with the own one, and how that is done.
const SHARED_IS_KEPT: &str = "the shared store keeps what the nodes wrote there; `cache purge DOMAIN` removes a domain from it, \
    and `TRUNCATE learned_policies, learned_releases, learned_dane, learned_to_verify` in the database removes everything";

/// What was forgotten.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Purged {
    /// Rows of the own store.
    pub rows: u64,
    /// What became of the shared store.
    pub shared: PurgedShared,
}

/// The tasks that write, which end with the last clone.
#[derive(Debug)]
struct Tasks {
    stop: watch::Sender<()>,
    running: Mutex<Vec<JoinHandle<()>>>,
}

impl Learned {
    /// Opens the memory, and begins to write what is kept; to be called within a runtime of tokio.
    ///
    /// The shared store is not waited for. An own store that cannot be opened is tried again every few seconds, and what is learnt
    /// meanwhile is kept in memory, as far as there is room; [`Learned::trouble`] tells. A damaged one is set aside and begun anew.
    pub async fn open(settings: LearnedSettings) -> Self {
        let LearnedSettings { path, shared, node, row_limit, settled_after } = settings;
        let clock = Arc::new(LastTime::new(settled_after));
        let own = Own::open(Place::Sqlite(path), row_limit, Arc::clone(&clock)).await;
        let own = Arc::new(own);
        let shared = shared.map(|url| Arc::new(Shared::new(url, node, row_limit, Arc::clone(&clock))));
        let (stop, stopped) = watch::channel(());
        let mut running = Vec::with_capacity(3);
        let (writer, own_stopped) = (Arc::clone(&own), stopped.clone());
        running.push(tokio::spawn(async move { writer.keep_writing(own_stopped).await }));
        let (noter, mut own_stopped) = (Arc::clone(&own), stopped.clone());
        running.push(tokio::spawn(async move {
            tokio::select! {
                () = noter.note_names_soon() => {}
                _ = own_stopped.changed() => {}
            }
        }));
        if let Some(shared) = shared.clone() {
            running.push(tokio::spawn(async move { shared.keep_connected(stopped).await }));
        }
        let tasks = Arc::new(Tasks { stop, running: Mutex::new(running) });
        Self {
            own,
            shared,
            clock,
            complaint: Arc::default(),
            turns: Arc::default(),
            purges: Arc::default(),
            tasks,
        }
    }

    /// Keeps a policy, in place of whatever was kept of the domain. It is written within about a second.
    ///
    /// One that another node learnt does not take the place of one that this node saw enforced, as long as that held.
    pub fn keep_policy(&self, domain: &Domain, policy: &KeptPolicy) {
        if policy.origin == Learnt::Here {
            self.clock.note(policy.confirmed);
            self.clock.note_stored(policy.policy.fetched);
        }
        self.keep(domain, Change { policy: Some(policy.clone()), ..Change::default() });
    }

    /// Keeps a release that this node saw.
    pub fn keep_release(&self, domain: &Domain, release: StsRelease) {
        self.keep(domain, Change { release: Some(release), ..Change::default() });
    }

    /// Keeps that a domain was answered by DANE, which counts until then; no shorter than was stored before.
    pub fn keep_dane(&self, domain: &Domain, until: Timestamp) {
        self.keep(domain, Change { dane_until: Some(until), ..Change::default() });
    }

    /// Keeps that a domain has no DANE any more, which was proven.
    pub fn end_dane(&self, domain: &Domain) {
        self.keep(domain, Change { dane_until: Some(NEVER), ..Change::default() });
    }

    /// Notes that a domain is to be verified in the shadow; written at most once an hour for each domain.
    pub fn to_verify(&self, domain: &Domain, kind: ToVerify, now: Timestamp) {
        self.keep(domain, Change { to_verify: Some((kind, now)), ..Change::default() });
    }

    /// Domains to be verified in the shadow, those noted first come first.
    pub async fn awaiting_verification(&self, limit: usize) -> Vec<(Domain, ToVerify, Timestamp)> {
        let Some(database) = self.own.database() else { return Vec::new() };
        self.own.read(questions::to_verify(&database, limit).await).unwrap_or_default()
    }

    /// Forgets at an operator's word: one domain here and in the shared store, the rest here alone.
    ///
    /// A policy of another node stays here as long as it stays in the shared store: it would come back from there, and count for another
    /// day.
    ///
    /// # Errors
    /// When the own store cannot be written: something may be left then.
    pub async fn purge(&self, what: Purge) -> Result<Purged, PurgeError> {
        self.purges.begin();
        self.flush().await;
        // What waits to be written would come back.
        if let Some(words) = self.own.trouble() {
            return Err(PurgeError::Unwritable { words });
        }
        // First there: what is asked meanwhile would else bring it back from there.
        let shared = match (&self.shared, &what) {
            (None, _) => PurgedShared::Absent,
            (Some(shared), Purge::Domain(domain)) => shared.purge(domain).await,
            (Some(_), Purge::Ended { .. } | Purge::All) => {
                PurgedShared::Not { words: SHARED_IS_KEPT.to_owned() }
            }
        };
        let elsewhere = match &shared {
            PurgedShared::Absent | PurgedShared::Removed { .. } => PoliciesElsewhere::Forgotten,
            PurgedShared::Not { .. } => PoliciesElsewhere::Kept,
        };
        let Some(database) = self.own.database() else { return Ok(Purged { rows: 0, shared }) };
        let removed = questions::purge(&database, &what, elsewhere).await;
        self.own.forget_counts().await;
        let rows = removed.map_err(|error| PurgeError::Refused { words: self.own.words_of_write(&error) })?;
        Ok(Purged { rows, shared })
    }

    /// How many rows the own store has, and what is held in memory while it takes none.
    pub async fn counts(&self, now: Timestamp) -> Counts {
        let mut counts = match self.own.database() {
            Some(database) => self.own.read(questions::counts(&database, now).await).unwrap_or_default(),
            None => Counts::default(),
        };
        if self.own.trouble().is_some() {
            self.count_in_memory(&mut counts, now).await;
        }
        counts
    }

    /// Why the own store cannot be opened, was removed or takes no changes, if so; a sentence with the cure.
    pub fn trouble(&self) -> Option<String> {
        self.own.trouble()
    }

    /// What went wrong since the start.
    pub fn troubles(&self) -> Troubles {
        self.own.tally.troubles()
    }

    /// How it stands with the shared store.
    pub fn shared_state(&self) -> SharedState {
        self.shared.as_ref().map_or(SharedState::Absent, |shared| shared.state())
    }

    /// What this node has to do without because the shared store is down or read-only, in words.
    pub fn shared_trouble(&self) -> Option<String> {
        self.shared_state().trouble()
    }

    /// What went wrong with the shared store since the start.
    pub fn shared_troubles(&self) -> SharedTroubles {
        self.shared.as_ref().map_or_else(SharedTroubles::default, |shared| shared.troubles())
    }

    /// Waits until it stands otherwise with the shared store than it did; for good, where there is none.
    pub async fn shared_state_after(&self, seen: &SharedState) -> SharedState {
        match &self.shared {
            Some(shared) => shared.state_after(seen).await,
            None => std::future::pending().await,
        }
    }

    /// Waits until all that was kept so far stands in the shared store too, or that does not answer.
    pub async fn flush_shared(&self) {
        if let Some(shared) = &self.shared {
            shared.flushed().await;
        }
    }

    /// Waits until all that was kept so far stands in the own store, or could not be written.
    pub async fn flush(&self) {
        self.own.queue.flushed().await;
    }

    /// Writes what waits and ends, for all clones. Tells of how many domains something could not be written, and is lost; that is an
    /// error in the log.
    pub async fn close(self) -> usize {
        let _ = self.tasks.stop.send(());
        let running = {
            let mut running = self.tasks.running.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *running)
        };
        for task in running {
            let _ = task.await;
        }
        let lost = self.own.queue.waiting();
        if lost > 0 {
            let why = self.trouble().unwrap_or_else(|| "the store took no changes".to_owned());
            tracing::error!(
                "what was learnt of {lost} domains is lost, since it could not be written before the end; they are learnt anew when \
                 mail goes there: {why}"
            );
        }
        lost
    }

    fn keep(&self, domain: &Domain, mut change: Change) {
        let dropped: &AtomicU64 = &self.own.tally.dropped;
        if self.clock.is_believed() {
            change.ends = Ends::Move;
        }
        let is_behind = self.clock.last().is_some_and(|now| self.clock.behind(now).is_some());
        if let Some(shared) = &self.shared
            && !is_behind
            && let Some(change) = change.for_others()
        {
            // What other nodes miss they find out themselves.
            let _ = shared.queue.add(domain, change);
        }
        if self.own.queue.add(domain, change) == Added::OneDropped {
            add(dropped, 1);
        }
        // Afterwards: names that come before there is a filter are seen by whoever fills it.
        self.own.names.note(domain);
    }
}
