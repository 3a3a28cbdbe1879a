//! Readers of the shared store: each keeps a connection and asks for many domains in one query.

use std::collections::HashMap;
use std::time::Duration;

use starttls_policy::Domain;
use starttls_store::{Connection, Server, StoreError, Value};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

use super::Shared;
use super::pause::Pause;
use crate::learned::questions;
use crate::learned::record::Record;

/// Look-ups that may wait for a reader: a few rounds of all clients of a busy node. What finds no place is answered without.
const WAITING: usize = 1_024;

/// Look-ups of one query.
const AT_ONCE: usize = 64;

/// A query that takes longer makes its reader count as stalled: somewhat before those who wait for it give up, so that the next one
/// does not wait in vain.
const STALLED_AFTER: Duration = Duration::from_millis(150);

/// An open connection that gives no answer within this time is lost.
const LOST_AFTER: Duration = Duration::from_secs(1);

/// A new connection whose first query takes longer is none.
const WARM_AFTER: Duration = Duration::from_secs(5);

/// A connection that nobody uses is put to the proof after as long: it may have been cut without a word, or may answer again.
const PROOF_AFTER: Duration = Duration::from_secs(5);

/// Look-ups on their way to the readers.
#[derive(Debug)]
pub(super) struct LookUps {
    sender: mpsc::Sender<LookUp>,
    waiting: Mutex<mpsc::Receiver<LookUp>>,
}

#[derive(Debug)]
struct LookUp {
    domain: Domain,
    answer: oneshot::Sender<Record>,
}

impl Default for LookUps {
    fn default() -> Self {
        let (sender, waiting) = mpsc::channel(WAITING);
        Self { sender, waiting: Mutex::new(waiting) }
    }
}

impl LookUps {
    /// What the store says of a domain; none where it cannot be asked.
    pub(super) async fn ask(&self, domain: &Domain) -> Option<Record> {
        let (answer, answered) = oneshot::channel();
        self.sender.try_send(LookUp { domain: domain.clone(), answer }).ok()?;
        answered.await.ok()
    }

    /// The next look-ups, as many as one query takes. Those that nobody waits for any more are left out.
    async fn next(&self) -> Vec<LookUp> {
        let mut some = Vec::with_capacity(AT_ONCE);
        self.waiting.lock().await.recv_many(&mut some, AT_ONCE).await;
        some.retain(|look_up| !look_up.answer.is_closed());
        some
    }
}

impl Shared {
    /// Answers look-ups for as long as it is polled.
    pub(super) async fn read(&self, server: &Server, mut first: Option<Connection>) {
        let mut pause = Pause::default();
        loop {
            let opened = async {
                let mut connection = match first.take() {
                    Some(connection) => connection,
                    None => server.connect().await?,
                };
                let refused = warm_up(&mut connection).await?;
                Ok((connection, refused))
            };
            match opened.await {
                Ok((connection, refused)) => {
                    self.link.reader_connected();
                    match refused {
                        None => self.link.reads_answered(),
                        Some(error) => self.link.reads_refused(&error),
                    }
                    let (error, answered) = self.answer_over(connection).await;
                    self.link.reader_lost(&error);
                    if answered > 0 {
                        // A connection that was of use is opened again at once.
                        pause = Pause::default();
                        continue;
                    }
                }
                Err(error) => self.link.not_opened(&error),
            }
            pause.wait().await;
        }
    }

    /// Answers look-ups over one connection until that fails; tells why, and how many queries were answered before.
    async fn answer_over(&self, mut connection: Connection) -> (StoreError, u64) {
        let mut doubts = self.link.doubts();
        let mut answered = 0;
        loop {
            let some = tokio::select! {
                some = self.look_ups.next() => some,
                _ = doubts.changed() => Vec::new(),
                () = tokio::time::sleep(PROOF_AFTER) => Vec::new(),
            };
            match self.query(&mut connection, some).await {
                Ok(()) => answered += 1,
                Err(error) => return (error, answered),
            }
        }
    }

    /// One query. A refusal answers its look-ups with nothing, and leaves the connection as it is.
    async fn query(&self, connection: &mut Connection, some: Vec<LookUp>) -> Result<(), StoreError> {
        let mut names = String::new();
        for look_up in &some {
            names += look_up.domain.as_str();
            names.push(' ');
        }
        let values = [Value::Text(names.trim_end())];
        let asked = connection.rows_within(LOST_AFTER, questions::RECALL_MANY, &values);
        tokio::pin!(asked);
        let rows = match timeout(STALLED_AFTER, &mut asked).await {
            Ok(rows) => rows,
            Err(_) => {
                self.link.stalled(true);
                let rows = asked.await;
                self.link.stalled(false);
                rows
            }
        };
        let rows = match rows {
            Ok(rows) => {
                self.link.reads_answered();
                rows
            }
            Err(error) if error.is_refusal() => {
                self.link.reads_refused(&error);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let mut records: HashMap<&str, Record> = HashMap::with_capacity(rows.len());
        for row in &rows {
            if let Ok(name) = row.text(0) {
                records.insert(name, Record::read(row, 1));
            }
        }
        // Several may ask for the same domain.
        for LookUp { domain, answer } in some {
            // Nobody waits any more: then nobody needs it.
            let _ = answer.send(records.get(domain.as_str()).cloned().unwrap_or_default());
        }
        Ok(())
    }
}

/// Asks once for nothing. A server's new process reads its catalogs and prepares the statement with its first query, which takes longer
/// than a look-up may. Returns the refusal, if it is refused: the connection is sound, and nothing is to be had over it.
async fn warm_up(connection: &mut Connection) -> Result<Option<StoreError>, StoreError> {
    match connection.rows_within(WARM_AFTER, questions::RECALL_MANY, &[Value::Text("")]).await {
        Ok(_) => Ok(None),
        Err(error) if error.is_refusal() => Ok(Some(error)),
        Err(error) => Err(error),
    }
}
