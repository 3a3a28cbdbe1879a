//! The store of all nodes: what this node learns is written there, what others learnt is read there.
//!
//! It may be gone at any time: this node then goes on alone, says so, and tries again by itself.

use std::sync::Arc;
use std::time::Duration;

use starttls_policy::{Domain, Timestamp, with_causes};
use starttls_store::{Database, Place, PostgresUrl, StoreError};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::batch::Batches;
use super::questions;
use super::queue::Queue;
use super::record::Record;
use super::remembered::Learnt;
use super::schema::MIGRATIONS;
use super::standing::SharedState;
use super::steady::LastTime;
use super::upsert::Role;

/// Longest wait for an answer: a mail server waits for ours.
const ANSWER: Duration = Duration::from_millis(200);

/// Pauses between tries to reach it: the first, and the longest. Half of each is random, so that nodes do not come together.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

/// What was learnt further in the future than this was written by a wrong clock, or by nobody of us; in seconds.
const WRONG_CLOCK: u64 = 86_400;

/// How long good-bye may take.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The store of all nodes.
#[derive(Debug)]
pub(super) struct Shared {
    place: Place,
    node: String,
    limit: u64,
    pub(super) queue: Queue,
    clock: Arc<LastTime>,
    connection: watch::Sender<Connection>,
    lost: Notify,
}

#[derive(Debug)]
struct Connection {
    state: SharedState,
    database: Option<Database>,
}

impl Shared {
    pub(super) fn new(url: PostgresUrl, node: String, limit: u64, clock: Arc<LastTime>) -> Self {
        Self {
            place: Place::Postgres(url),
            node,
            limit,
            queue: Queue::default(),
            clock,
            connection: watch::Sender::new(Connection { state: SharedState::Connecting, database: None }),
            lost: Notify::new(),
        }
    }

    pub(super) fn state(&self) -> SharedState {
        self.connection.borrow().state.clone()
    }

    /// Waits until it stands otherwise with the shared store than it did.
    pub(super) async fn state_after(&self, seen: &SharedState) -> SharedState {
        let mut connection = self.connection.subscribe();
        let changed = connection.wait_for(|connection| connection.state != *seen).await;
        changed.map_or_else(|_| seen.clone(), |connection| connection.state.clone())
    }

    /// Waits until all that was kept so far stands in the shared store, or that does not answer.
    pub(super) async fn flushed(&self) {
        let mut connection = self.connection.subscribe();
        tokio::select! {
            () = self.queue.flushed() => {}
            _ = connection.wait_for(|connection| connection.database.is_none()) => {}
        }
    }

    pub(super) fn database(&self) -> Option<Database> {
        self.connection.borrow().database.clone()
    }

    /// What other nodes say of a domain; none if they cannot be asked.
    pub(super) async fn recall(&self, domain: &Domain, now: Timestamp) -> Option<Record> {
        let database = self.database()?;
        match timeout(ANSWER, questions::recall(&database, domain)).await {
            Ok(Ok(record)) => return Some(of_others(record, now)),
            Ok(Err(error)) => self.lose(&with_causes(&error)),
            Err(_) => self.lose(&format!("no answer within {} ms", ANSWER.as_millis())),
        }
        self.lost.notify_one();
        None
    }

    /// Keeps a connection, and writes over it what is gathered, until it is told to stop.
    pub(super) async fn keep_connected(&self, mut stop: watch::Receiver<()>) {
        let mut pause = PAUSES.0;
        loop {
            let opened = tokio::select! {
                opened = Database::open(&self.place, &MIGRATIONS) => opened,
                _ = stop.changed() => return,
            };
            match opened {
                Ok(database) => {
                    let began = Instant::now();
                    self.reached(database.clone());
                    let ended = self.keep_writing(&database, &mut stop).await;
                    // Not waited for: it may be a while until it hears of it.
                    tokio::spawn(async move { database.close().await });
                    match ended {
                        Ended::Stopped => return,
                        Ended::Lost => {}
                        Ended::Refused(error) => self.lose(&with_causes(&error)),
                    }
                    if began.elapsed() >= PAUSES.1 {
                        pause = PAUSES.0;
                    }
                }
                Err(error) => self.lose(&with_causes(&error)),
            }
            tokio::select! {
                () = tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)) => {}
                _ = stop.changed() => return,
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Writes what is gathered until that is over.
    async fn keep_writing(&self, database: &Database, stop: &mut watch::Receiver<()>) -> Ended {
        let mut batches = Batches::new(Role::Shared { node: self.node.clone() }, self.limit);
        loop {
            tokio::select! {
                () = self.queue.gathered() => {}
                () = self.lost.notified() => {
                    // A word about the connection before this one may have come late.
                    if self.database().is_none() {
                        return Ended::Lost;
                    }
                    continue;
                }
                _ = stop.changed() => {
                    let _ = timeout(LAST_WORDS, self.write(&mut batches, database)).await;
                    return Ended::Stopped;
                }
            }
            if let Err(error) = self.write(&mut batches, database).await {
                return Ended::Refused(error);
            }
        }
    }

    async fn write(&self, batches: &mut Batches, database: &Database) -> Result<(), StoreError> {
        let changes = self.queue.take();
        let written = batches.write(database, &changes, self.clock.settled()).await;
        match written {
            Ok(_) => self.queue.written(),
            Err(_) => drop(self.queue.failed()),
        }
        written.map(drop)
    }

    fn reached(&self, database: Database) {
        self.connection.send_replace(Connection { state: SharedState::Up, database: Some(database) });
        tracing::info!("the shared store {} is reached", self.place);
    }

    /// Notes that it does not answer, and says so once, until it is reached again.
    fn lose(&self, words: &str) {
        let state = SharedState::Down { words: words.to_owned() };
        let before = self.connection.send_replace(Connection { state, database: None });
        if !matches!(before.state, SharedState::Down { .. }) {
            tracing::warn!("the shared store {} is lost, this node goes on alone: {words}", self.place);
        }
    }
}

/// Why writing is over.
enum Ended {
    Stopped,
    /// Someone else noticed that there is no answer.
    Lost,
    Refused(StoreError),
}

/// Nothing that is read there was seen here: whoever can write there could claim so.
fn of_others(mut record: Record, now: Timestamp) -> Record {
    let is_sound = |time: Timestamp| time.seconds() <= now.seconds().saturating_add(WRONG_CLOCK);
    let remembered = &mut record.remembered;
    // It could not be given an end: whenever it had ended here it would come from there anew.
    if remembered.policy.as_ref().is_some_and(|kept| !is_sound(kept.policy.fetched)) {
        remembered.policy = None;
        record.unreadable += 1;
    }
    if remembered.release.is_some_and(|release| !is_sound(release.at)) {
        remembered.release = None;
        record.unreadable += 1;
    }
    if remembered.dane_until.is_some_and(|until| !is_sound(until)) {
        remembered.dane_until = None;
        record.unreadable += 1;
    }
    // Clocks of nodes differ: nothing holds for longer than by ours.
    remembered.bound(now);
    if let Some(kept) = &mut remembered.policy {
        kept.origin = Learnt::Elsewhere;
    }
    record
}
