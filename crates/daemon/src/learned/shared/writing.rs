//! The writer of the shared store: what it cannot write waits and is tried again; readers do not notice.

use std::collections::HashMap;
use std::time::Duration;

use starttls_policy::{Domain, with_causes};
use starttls_store::{Connection, Server, StoreError};
use tokio::sync::watch;
use tokio::time::timeout;

use super::Shared;
use super::apart::SetApart;
use super::parts::{Refused, Written};
use super::pause::Pause;
use crate::learned::batch::Batches;
use crate::learned::change::Change;
use crate::learned::upsert::Role;

/// Tries of a batch that hit upon another node's, before anybody is told.
const TRIES: u32 = 5;

/// How long a statement with a whole batch waits for the locks of other sessions: nodes hold one for as long as a statement takes.
const LOCK_OF_A_BATCH: Duration = Duration::from_secs(1);

/// The same of a part of a batch that waited too long.
const LOCK_OF_A_PART: Duration = Duration::from_millis(100);

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
                () = self.apart.until_due() => false,
                _ = stop.changed() => true,
            };
            if is_last {
                self.apart.hurry();
                let _ = timeout(LAST_WORDS, self.write(server, &mut connection, &mut batches)).await;
                return;
            }
            match self.write(server, &mut connection, &mut batches).await {
                Ok(()) => {
                    match self.apart.trouble() {
                        None => self.link.writes_taken(),
                        Some((rows, cause)) => self.link.writes_held_up(rows, &cause),
                    }
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
        let others = self.apart.take_in(&changes);
        let written = self.write_some(server, held, batches, others.as_ref().unwrap_or(&changes)).await;
        let stopped = match written {
            Ok(written) => {
                let full = self.set_apart(written.refused);
                written.stopped.or(full)
            }
            Err(error) => {
                if !error.is_refusal() {
                    self.link.doubt();
                }
                Some(error)
            }
        };
        if let Some(error) = stopped {
            // Our own reference would have the changes copied.
            drop(changes);
            let _ = self.queue.failed();
            return Err(error);
        }
        self.queue.written();
        self.write_apart(server, held, batches).await
    }

    /// Tries the rows that are set apart again, where that is due.
    async fn write_apart(
        &self,
        server: &Server,
        held: &mut Option<Connection>,
        batches: &mut Batches,
    ) -> Result<(), StoreError> {
        let due = self.apart.due();
        if due.is_empty() {
            return Ok(());
        }
        let written = self.write_some(server, held, batches, &due).await;
        match written {
            Ok(Written { refused, stopped: None }) => {
                for domain in due.keys().filter(|domain| refused.iter().all(|(other, ..)| other != *domain)) {
                    self.apart.forget(domain);
                }
                self.set_apart(refused);
            }
            Err(error) if !error.is_refusal() => return Err(error),
            // They stay as they are.
            Ok(_) | Err(_) => {}
        }
        self.apart.tried();
        Ok(())
    }

    /// Sets rows apart that are refused alone; returns the cause of one for which there is no room.
    fn set_apart(&self, refused: Vec<Refused>) -> Option<StoreError> {
        let mut full = None;
        for (domain, change, error) in refused {
            match self.apart.add(&domain, change, with_causes(&error)) {
                SetApart::New => self.link.row_held_up(&domain, &error),
                SetApart::Known => {}
                SetApart::Full => full = Some(error),
            }
        }
        full
    }

    /// Writes changes; those that hit upon another node's are tried again at once.
    async fn write_some(
        &self,
        server: &Server,
        held: &mut Option<Connection>,
        batches: &mut Batches,
        changes: &HashMap<Domain, Change>,
    ) -> Result<Written, StoreError> {
        if changes.is_empty() {
            return Ok(Written::default());
        }
        let mut connection = match held.take() {
            Some(connection) => connection,
            None => {
                let mut connection = server.connect().await?;
                connection.wait_for_locks(LOCK_OF_A_BATCH).await?;
                connection
            }
        };
        let mut tries = 1;
        let mut written = batches.write_to_server(&mut connection, changes, self.clock.settled()).await;
        while written.as_ref().is_err_and(StoreError::is_transient) && tries < TRIES {
            tries += 1;
            written = batches.write_to_server(&mut connection, changes, self.clock.settled()).await;
        }
        let written = match written {
            Ok(_) => Ok(Written::default()),
            Err(error) if error.may_be_of_one_row() => {
                connection.wait_for_locks(LOCK_OF_A_PART).await?;
                let written = self.write_parts(&mut connection, batches, changes, error).await;
                if written.as_ref().err().is_none_or(StoreError::is_refusal) {
                    connection.wait_for_locks(LOCK_OF_A_BATCH).await?;
                }
                written
            }
            Err(error) => Err(error),
        };
        // A connection whose answer did not come is of no more use.
        if written.as_ref().err().is_none_or(StoreError::is_refusal) {
            *held = Some(connection);
        }
        written
    }
}
