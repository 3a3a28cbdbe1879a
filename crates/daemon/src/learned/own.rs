//! The node's own store: always there, and the node's own memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use starttls_policy::with_causes;
use starttls_store::{Database, Place, StoreError};
use tokio::sync::{Mutex, watch};

use super::batch::Batches;
use super::hourly::Hourly;
use super::names::Names;
use super::obstacle::{self, Changed, Obstacle, Obstacles};
use super::presence::FileId;
use super::questions;
use super::queue::Queue;
use super::schema::MIGRATIONS;
use super::standing::{Tally, add};
use super::steady::LastTime;
use super::upsert::Role;

/// How long to wait before a batch that was not taken is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// How often the file is looked for, and a store that could not be opened is tried again while nothing waits to be written.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The node's own store, and what is on its way there.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) place: Place,
    /// None as long as it cannot be opened: what is learnt meanwhile waits in the queue, which is read, too.
    pub(super) database: RwLock<Option<Database>>,
    /// The file that is open.
    pub(super) file: RwLock<Option<FileId>>,
    pub(super) obstacles: Obstacles,
    /// Some page cannot be read.
    is_damaged: AtomicBool,
    pub(super) queue: Queue,
    pub(super) tally: Tally,
    pub(super) names: Names,
    clock: Arc<LastTime>,
    batches: Mutex<Batches>,
    refused: Hourly,
    full: Hourly,
}

impl Own {
    /// Opens the store. One that cannot be opened is an error in the log, and is tried again: the daemon's first duty is to answer.
    pub(super) async fn open(place: Place, limit: u64, clock: Arc<LastTime>) -> Self {
        let own = Self {
            place,
            database: RwLock::new(None),
            file: RwLock::new(None),
            obstacles: Obstacles::default(),
            is_damaged: AtomicBool::new(false),
            queue: Queue::default(),
            tally: Tally::default(),
            names: Names::default(),
            clock,
            batches: Mutex::new(Batches::new(Role::Own, limit)),
            refused: Hourly::default(),
            full: Hourly::default(),
        };
        own.reopen().await;
        own
    }

    /// Tries to open the store; says so when that fails for another reason than before, and when it succeeds after all.
    pub(super) async fn reopen(&self) {
        let trouble = match Database::open_learnable(&self.place, &MIGRATIONS).await {
            Ok(opened) => {
                if let Some(aside) = &opened.set_aside {
                    tell_of_damage(aside);
                }
                self.use_database(opened.database);
                self.note_newest().await;
                None
            }
            Err(error) => Some(obstacle::words(&self.place, &error)),
        };
        let words = trouble.clone().unwrap_or_default();
        match self.obstacles.set(Obstacle::Opening, trouble) {
            Changed::Begun => tracing::error!(
                "the store of what was learnt cannot be opened, and is tried again; until then policies are kept in memory alone, and \
                 those that were learnt before the start are missing: {words}"
            ),
            Changed::Ended => tracing::info!("the store of what was learnt is open now"),
            Changed::No => {}
        }
    }

    fn use_database(&self, database: Database) {
        *self.file.write().unwrap_or_else(PoisonError::into_inner) = FileId::of(&self.place);
        *self.database.write().unwrap_or_else(PoisonError::into_inner) = Some(database);
    }

    /// Notes the latest time that is stored, by which a clock that is behind is known.
    async fn note_newest(&self) {
        let Some(database) = self.database() else { return };
        if let Some(newest) = self.read(questions::newest(&database).await) {
            self.clock.note_stored(newest);
        }
    }

    /// Why the store cannot be used, or not written, if so.
    pub(super) fn trouble(&self) -> Option<String> {
        self.obstacles.words()
    }

    /// An error of the store that takes no changes, with the file, its owner and the cure.
    pub(super) fn words_of_write(&self, error: &StoreError) -> String {
        obstacle::words_of_write(&self.place, error)
    }

    /// Notes whether the store takes changes; says so when that has changed.
    fn note_write(&self, refused: Option<&StoreError>) {
        let reason = refused.map(|error| self.words_of_write(error));
        let words = reason.clone().unwrap_or_default();
        match self.obstacles.set(Obstacle::Writing, reason) {
            Changed::Begun => tracing::error!(
                "what was learnt cannot be written, and is tried again every second; until then it is kept in memory alone, and a \
                 restart would lose it: {words}"
            ),
            Changed::Ended => tracing::info!("what was learnt can be written again"),
            Changed::No => {}
        }
    }

    /// The store, if it is open.
    pub(super) fn database(&self) -> Option<Database> {
        self.database.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts a question that was not answered, and hands its answer's absence on.
    pub(super) fn read<T>(&self, answer: Result<T, StoreError>) -> Option<T> {
        let error = match answer {
            Ok(answer) => return Some(answer),
            Err(error) => error,
        };
        add(&self.tally.failed_reads, 1);
        if error.is_damage() {
            self.is_damaged.store(true, Ordering::Relaxed);
        }
        if self.refused.is_due() {
            tracing::error!("what was learnt before cannot be read: {}", with_causes(&error));
        }
        None
    }

    /// Whatever was counted of the store no longer holds.
    pub(super) async fn forget_counts(&self) {
        self.batches.lock().await.forget_counts();
    }

    /// Writes what is gathered, until it is told to stop; then writes the rest.
    pub(super) async fn keep_writing(&self, mut stop: watch::Receiver<()>) {
        loop {
            tokio::select! {
                () = self.queue.gathered() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stop.changed() => break,
            }
            if !self.write().await {
                tokio::select! {
                    () = tokio::time::sleep(AGAIN) => {}
                    _ = stop.changed() => break,
                }
            }
        }
        if !self.queue.is_empty() {
            self.write().await;
        }
        if let Some(database) = self.database() {
            database.close().await;
        }
    }

    /// Writes what waits; tells whether the store took it.
    async fn write(&self) -> bool {
        if self.is_damaged.swap(false, Ordering::Relaxed) {
            self.replace().await;
        }
        self.look_for_file().await;
        if self.database().is_none() {
            self.reopen().await;
        }
        let changes = self.queue.take();
        let Some(database) = self.database() else {
            add(&self.tally.failed_writes, 1);
            add(&self.tally.dropped, self.queue.failed());
            return false;
        };
        if changes.is_empty() {
            self.queue.written();
            return true;
        }
        let written = self.batches.lock().await.write(&database, &changes, self.clock.settled()).await;
        match written {
            Ok(not_kept) => {
                self.queue.written();
                self.note_write(None);
                add(&self.tally.not_kept, not_kept);
                if not_kept > 0 && self.full.is_due() {
                    tracing::warn!(
                        not_kept,
                        "no more policies are kept: the store is full of policies that enforce and have not ended"
                    );
                }
                true
            }
            Err(error) => {
                add(&self.tally.failed_writes, 1);
                add(&self.tally.dropped, self.queue.failed());
                if error.is_damage() {
                    self.is_damaged.store(true, Ordering::Relaxed);
                }
                self.note_write(Some(&error));
                false
            }
        }
    }

    /// Puts the damaged file aside and begins anew: what is learnt from now on must last.
    async fn replace(&self) {
        let Some(damaged) = self.database() else { return };
        match damaged.set_aside(&self.place, &MIGRATIONS).await {
            Ok(opened) => {
                if let Some(aside) = &opened.set_aside {
                    tell_of_damage(aside);
                }
                self.use_database(opened.database);
                self.forget_counts().await;
            }
            Err(error) => {
                tracing::error!("the damaged store cannot be replaced: {}", with_causes(&error));
            }
        }
    }
}

fn tell_of_damage(aside: &std::path::Path) {
    tracing::error!(
        "the store of what was learnt was damaged and is now `{}`; it is learnt anew, and until then domains without a policy \
         list have no protection from before: see whether the disk is sound",
        aside.display()
    );
}
