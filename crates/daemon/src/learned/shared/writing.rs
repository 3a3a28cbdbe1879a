//! The writer of the shared store: what it cannot write waits and is tried again; readers do not notice.

use std::collections::HashMap;
use std::time::Duration;

use starttls_policy::Domain;
use starttls_store::{Connection, Server, StoreError};
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Pause, Shared};
use crate::learned::batch::Batches;
use crate::learned::change::Change;
use crate::learned::upsert::Role;

/// Tries of a batch that hit upon another node's, before anybody is told.
const TRIES: u32 = 5;

/// Changes of one batch that are told apart from those that the database takes; with more, a refused part is given up as a whole, so
/// that a database that refuses everything is not asked for each row.
const MOST_ALONE: usize = 32;

/// How long good-bye may take.
const LAST_WORDS: Duration = Duration::from_secs(2);

impl Shared {
    /// Writes what is gathered until it is told to stop; then writes the rest.
    pub(super) async fn keep_writing(&self, server: &Server, mut stop: watch::Receiver<()>) {
        let mut batches = Batches::new(Role::Shared { node: self.node.clone() }, self.limit);
        let (mut connection, mut pause) = (None, Pause::default());
        loop {
            let is_last = tokio::select! {
                () = self.queue.gathered() => false,
                _ = stop.changed() => true,
            };
            if is_last {
                let _ = timeout(LAST_WORDS, self.write(server, &mut connection, &mut batches)).await;
                return;
            }
            match self.write(server, &mut connection, &mut batches).await {
                Ok(()) => {
                    self.link.writes_taken();
                    pause = Pause::default();
                }
                Err(error) => {
                    self.link.writes_refused(&error);
                    tokio::select! {
                        () = pause.wait() => {}
                        _ = stop.changed() => return,
                    }
                }
            }
        }
    }

    /// Writes what waits; what cannot be written waits again.
    async fn write(
        &self,
        server: &Server,
        held: &mut Option<Connection>,
        batches: &mut Batches,
    ) -> Result<(), StoreError> {
        let changes = self.queue.take();
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_to_write(server, held, batches, &changes).await {
                Ok(()) => {
                    self.queue.written();
                    return Ok(());
                }
                Err(error) if error.is_transient() && tries < TRIES => {}
                Err(error) => {
                    if !error.is_refusal() {
                        self.link.doubt();
                    }
                    // Our own reference would have the changes copied.
                    drop(changes);
                    let _ = self.queue.failed();
                    return Err(error);
                }
            }
        }
    }

    /// Writes changes over the connection that is held, or a new one, which is held from then on.
    async fn try_to_write(
        &self,
        server: &Server,
        held: &mut Option<Connection>,
        batches: &mut Batches,
        changes: &HashMap<Domain, Change>,
    ) -> Result<(), StoreError> {
        let mut connection = match held.take() {
            Some(connection) => connection,
            None => server.connect().await?,
        };
        let mut written = batches.write_to_server(&mut connection, changes, self.clock.settled()).await;
        if written.as_ref().is_err_and(StoreError::is_of_values) {
            written = self.write_apart(&mut connection, batches, changes).await;
        }
        // A connection whose answer did not come is of no more use.
        if written.as_ref().err().is_none_or(StoreError::is_refusal) {
            *held = Some(connection);
        }
        written.map(drop)
    }

    /// Writes a batch in which the database refuses some values: in halves, until those are alone, which are given up. What is
    /// written twice meanwhile does no harm.
    async fn write_apart(
        &self,
        connection: &mut Connection,
        batches: &mut Batches,
        changes: &HashMap<Domain, Change>,
    ) -> Result<u64, StoreError> {
        let all = changes.iter().map(|(domain, change)| (domain.clone(), change.clone())).collect();
        let mut parts: Vec<Vec<(Domain, Change)>> = vec![all];
        let (mut not_kept, mut alone) = (0, 0);
        while let Some(mut part) = parts.pop() {
            let some = part.iter().cloned().collect();
            match batches.write_to_server(connection, &some, self.clock.settled()).await {
                Ok(more) => not_kept += more,
                Err(error) if !error.is_of_values() => return Err(error),
                Err(error) if part.len() == 1 || alone >= MOST_ALONE => {
                    alone += 1;
                    self.link.gave_up(part.len() as u64, &error);
                }
                Err(_) => {
                    parts.push(part.split_off(part.len() / 2));
                    parts.push(part);
                }
            }
        }
        Ok(not_kept)
    }
}
