//! The writer of the shared store: what it cannot write waits and is tried again; readers do not notice.

use std::time::Duration;

use starttls_store::{Connection, Server, StoreError};
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Pause, Shared};
use crate::learned::batch::Batches;
use crate::learned::upsert::Role;

/// Tries of a batch that hit upon another node's, before anybody is told.
const TRIES: u32 = 5;

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
            let written = async {
                let mut connection = match held.take() {
                    Some(connection) => connection,
                    None => server.connect().await?,
                };
                let written = batches.write_to_server(&mut connection, &changes, self.clock.settled()).await;
                // A connection whose answer did not come is of no more use.
                if written.as_ref().err().is_none_or(StoreError::is_refusal) {
                    *held = Some(connection);
                }
                written
            };
            match written.await {
                Ok(_) => {
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
}
