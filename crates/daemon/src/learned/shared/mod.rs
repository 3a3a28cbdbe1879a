//! The store of all nodes: what this node learns is written there, what others learnt is read there.
//!
//! ```text
//! recall ─► look-ups ─► readers, a connection each: many domains in one query ─► answers
//! queue of changes ──► writer, a connection of its own: statement by statement
//! ```
//!
//! It may be gone at any time: this node then goes on alone, says so, and tries again by itself. Connections are opened beside the
//! look-ups, never within one, so that distance costs each look-up a round trip and nothing more. Writing and reading do not
//! depend on each other.

mod apart;
mod causes;
mod link;
mod parts;
mod pause;
mod reading;
mod unreadable;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use starttls_policy::{Domain, Timestamp, with_causes};
use starttls_store::{PostgresUrl, Server, StoreError, Value};
use tokio::sync::watch;
use tokio::time::timeout;

use super::queue::Queue;
use super::record::{DANE, POLICIES, RELEASES, Record};
use super::remembered::{KeptPolicy, Learnt};
use super::schema::MIGRATIONS;
use super::standing::{SharedState, SharedTroubles};
use super::steady::LastTime;
use apart::Apart;
use link::Link;
use pause::Pause;
use reading::LookUps;

/// Longest wait for an answer: a mail server waits for ours.
const ANSWER: Duration = Duration::from_millis(200);

/// Readers, with a connection each: while one is waited for, another asks.
const READERS: usize = 2;

/// What was learnt further in the future than this was written by a wrong clock, or by nobody of us; in seconds.
const WRONG_CLOCK: u64 = 86_400;

/// MTA-STS begins with RFC 8461, of September 2018: what was learnt before was written by a clock that was wrong, or by nobody of us.
const EARLIEST: u64 = 1_535_760_000;

/// No row of another node makes DANE count for longer than a node's own answer, in seconds: a longer time would be taken for this
/// node's own, written by a clock that was ahead.
const COUNTED_DANE: u64 = 3_600;

/// DANE of another node that is to count longer is passed over, in seconds: a node writes an hour, or its resolver's TTL of at most
/// that, and clocks may differ by five minutes. So no single row makes a domain wait for longer.
const LONGEST_DANE: u64 = COUNTED_DANE + 300;

/// The store of all nodes.
#[derive(Debug)]
pub(super) struct Shared {
    url: PostgresUrl,
    node: String,
    limit: u64,
    pub(super) queue: Queue,
    apart: Apart,
    clock: Arc<LastTime>,
    link: Link,
    look_ups: LookUps,
}

/// Rows that were removed there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PurgedShared {
    /// There is no shared store.
    Absent,
    /// It was done.
    Removed {
        /// How many rows.
        rows: u64,
    },
    /// It was not done.
    Not {
        /// Why, and what to do.
        words: String,
    },
}

impl Shared {
    pub(super) fn new(url: PostgresUrl, node: String, limit: u64, clock: Arc<LastTime>) -> Self {
        let link = Link::new(url.to_string());
        Self {
            url,
            node,
            limit,
            queue: Queue::default(),
            apart: Apart::default(),
            clock,
            link,
            look_ups: LookUps::default(),
        }
    }

    pub(super) fn state(&self) -> SharedState {
        self.link.state()
    }

    pub(super) fn troubles(&self) -> SharedTroubles {
        self.link.troubles()
    }

    /// Waits until it stands otherwise with the shared store than it did.
    pub(super) async fn state_after(&self, seen: &SharedState) -> SharedState {
        self.link.state_after(seen).await
    }

    /// Waits until all that was kept so far stands in the shared store, or a try to write it went wrong, or it does not answer.
    pub(super) async fn flushed(&self) {
        tokio::select! {
            () = self.queue.flushed() => {}
            () = self.link.until_down() => {}
        }
    }

    /// What other nodes say of a domain; none if they cannot be asked.
    pub(super) async fn recall(&self, domain: &Domain, now: Timestamp) -> Option<Record> {
        if !self.link.answers() {
            return None;
        }
        let record = timeout(ANSWER, self.look_ups.ask(domain)).await.ok()??;
        let record = of_others(record, now);
        self.link.passed_over(domain, &record.passed_over);
        Some(record)
    }

    /// Removes what stands there of a domain, for all nodes.
    pub(super) async fn purge(&self, domain: &Domain) -> PurgedShared {
        // What waits to be written would bring it back.
        self.flushed().await;
        self.apart.forget(domain);
        match self.remove(domain).await {
            Ok(rows) => PurgedShared::Removed { rows },
            Err(error) => PurgedShared::Not {
                words: format!(
                    "the shared store still has it ({}), and it comes back from there; purge it again once that store takes writes",
                    with_causes(&error)
                ),
            },
        }
    }

    async fn remove(&self, domain: &Domain) -> Result<u64, StoreError> {
        let (_, mut connection) = Server::open(&self.url, &MIGRATIONS).await?;
        let mut rows = 0;
        for sql in [
            "DELETE FROM learned_policies WHERE domain = $1",
            "DELETE FROM learned_releases WHERE domain = $1",
            "DELETE FROM learned_dane WHERE domain = $1",
        ] {
            rows += connection.execute(sql, &[Value::Text(domain.as_str())]).await?;
        }
        connection.close().await;
        Ok(rows)
    }

    /// Keeps connections, reads and writes over them, until it is told to stop.
    pub(super) async fn keep_connected(&self, mut stop: watch::Receiver<()>) {
        let mut pause = Pause::default();
        let (server, first) = loop {
            let opened = tokio::select! {
                opened = Server::open(&self.url, &MIGRATIONS) => opened,
                _ = stop.changed() => return,
            };
            match opened {
                Ok(opened) => break opened,
                Err(error) => self.link.not_opened(&error),
            }
            tokio::select! {
                () = pause.wait() => {}
                _ = stop.changed() => return,
            }
        };
        tokio::select! {
            () = self.read(&server, Some(first)) => {}
            () = self.read(&server, None) => {}
            () = self.keep_writing(&server, stop.clone()) => {}
        }
    }
}

/// Nothing that is read there was seen here: whoever can write there could claim so. What has a time that no honest node with a right
/// clock would write is passed over.
fn of_others(mut record: Record, now: Timestamp) -> Record {
    let is_within = |time: Timestamp, seconds| {
        (EARLIEST..=now.seconds().saturating_add(seconds)).contains(&time.seconds())
    };
    // `confirmed` is none of them: it is not used of another node's policy.
    let is_wrong = |kept: &KeptPolicy| !is_within(kept.policy.fetched, WRONG_CLOCK);
    // A policy from the future could not be given an end: whenever it had ended here it would come from there anew.
    if record.remembered.policy.take_if(|kept| is_wrong(kept)).is_some() {
        record.pass_over(POLICIES, "a policy is from before 2018 or from the future");
    }
    if record.remembered.release.take_if(|release| !is_within(release.at, WRONG_CLOCK)).is_some() {
        record.pass_over(RELEASES, "a release is from before 2018 or from the future");
    }
    if record.remembered.dane_until.take_if(|until| !is_within(*until, LONGEST_DANE)).is_some() {
        record.pass_over(DANE, "DANE ended before 2018 or lasts longer than any answer says");
    }
    let remembered = &mut record.remembered;
    if let Some(kept) = &mut remembered.policy {
        kept.origin = Learnt::Elsewhere;
    }
    // Clocks of nodes differ: nothing holds for longer than by ours.
    remembered.bound(now);
    let longest = Timestamp::from_seconds(now.seconds().saturating_add(COUNTED_DANE)).unwrap_or(now);
    remembered.dane_until = remembered.dane_until.map(|until| until.min(longest));
    record
}
