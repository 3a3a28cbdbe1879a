//! The witness's answers: from a request's method, path and body, the state, and the time.
//!
//! Spec: C2SP tlog-witness, "add-checkpoint", "Monitor Retrieval Mechanism".

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use starttls_policy::Timestamp;
use starttls_trust::VerifierKey;
use starttls_trust::log::TreeHead;
use starttls_trust::log::witness::{
    KnownLogs, KnownLogsError, Refusal, Reply, Witness, WitnessError, origin_hash,
};

use super::{State, StateError};
use crate::file::{self, FileError, shown};
use crate::key_file::{self, KeyFileError};

/// Where everything of a witness is.
#[derive(Clone, Debug)]
pub struct Config {
    /// File with its secret key, closed to others.
    pub key: PathBuf,
    /// File with the logs that it watches: `log KEY` lines.
    pub logs: PathBuf,
    /// Directory in which it keeps what it cosigned.
    pub state: PathBuf,
}

/// A witness at work. Requests may come in parallel.
#[derive(Debug)]
pub struct Service {
    witness: Witness,
    state: Mutex<State>,
}

/// Why a witness does not begin to work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Its key.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// Not the key of a witness.
    #[error("the key {} cannot be used", shown(path))]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: WitnessError,
    },
    /// The file with the logs.
    #[error(transparent)]
    File(#[from] FileError),
    /// What is in it.
    #[error("{} does not say which logs are watched", shown(path))]
    Logs {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: KnownLogsError,
    },
    /// Its state.
    #[error(transparent)]
    State(#[from] StateError),
    /// What it kept of a log.
    #[error(transparent)]
    Kept(#[from] Alarm),
}

/// What the operator of a witness must hear of.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Alarm {
    /// Nothing can be kept, and so nothing is cosigned.
    #[error(transparent)]
    State(#[from] StateError),
    /// What it kept of a log was not cosigned by its key.
    #[error(
        "what the state keeps of the log `{origin}` was cosigned by another key than {key}; a new key wants a new state"
    )]
    OtherKey {
        /// Whose checkpoint it is.
        origin: String,
        /// The witness's.
        key: VerifierKey,
    },
    /// A log signed a tree that it did not prove to continue the one before: a fault of its program, or a fork.
    #[error(
        "the log `{origin}` signed a checkpoint without proof that it continues the one before; it was not cosigned"
    )]
    Inconsistent {
        /// Its name.
        origin: String,
    },
}

/// Largest file with logs: thousands of lines.
const MAX_LOGS_BYTES: u64 = 1 << 20;

/// The paths, below whatever prefix a reverse proxy takes away.
const ADD_CHECKPOINT: &str = "/add-checkpoint";
const CHECKPOINT: &str = "/checkpoint";

impl Service {
    /// Reads everything, and sees that key and state belong together.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn open(config: &Config) -> Result<Self, ConfigError> {
        let key = key_file::read(&config.key)?.key;
        let logs = read_logs(&config.logs)?;
        let witness = Witness::new(key, logs)
            .map_err(|source| ConfigError::Key { path: config.key.clone(), source })?;
        let state = State::open(&config.state)?;
        for origin in witness.logs().origins() {
            seen(&witness, &state, origin).map_err(|fault| fault.into_alarm(origin, witness.key()))?;
        }
        Ok(Self { witness, state: Mutex::new(state) })
    }

    /// Its public key, for the roots that name it.
    pub fn key(&self) -> &VerifierKey {
        self.witness.key()
    }

    /// The logs it watches.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.witness.logs().origins()
    }

    /// Answers one request. What the operator must hear of is the second value, and never in the answer.
    pub fn respond(&self, method: &str, path: &str, body: &[u8], now: Timestamp) -> (Reply, Option<Alarm>) {
        match (method, path) {
            ("POST", ADD_CHECKPOINT) => self.add_checkpoint(body, now),
            ("GET" | "HEAD", _) if path.ends_with(CHECKPOINT) => self.checkpoint(path),
            (_, ADD_CHECKPOINT) => (plain(405, "want POST"), None),
            _ => (plain(404, "not found"), None),
        }
    }

    fn add_checkpoint(&self, body: &[u8], now: Timestamp) -> (Reply, Option<Alarm>) {
        let admitted = match self.witness.admit(body) {
            Ok(admitted) => admitted,
            Err(refusal) => return (refusal.reply(), None),
        };
        let origin = admitted.origin().to_owned();
        // From here to the end nobody else reads or writes the state.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = match seen(&self.witness, &state, &origin) {
            Ok(seen) => seen,
            Err(fault) => return (broken(), Some(fault.into_alarm(&origin, self.key()))),
        };
        match admitted.cosign(seen, now) {
            Ok(cosigned) => match state.keep(&origin, &cosigned.note) {
                Ok(()) => (cosigned.reply, None),
                Err(error) => (broken(), Some(error.into())),
            },
            Err(Refusal::Inconsistent) => {
                (Refusal::Inconsistent.reply(), Some(Alarm::Inconsistent { origin }))
            }
            Err(refusal) => (refusal.reply(), None),
        }
    }

    /// What the witness saw last of a log, for monitors.
    fn checkpoint(&self, path: &str) -> (Reply, Option<Alarm>) {
        let hash = path.strip_prefix('/').and_then(|path| path.strip_suffix(CHECKPOINT));
        let mut origins = self.witness.logs().origins();
        let Some(origin) = origins.find(|origin| hash == Some(origin_hash(origin).to_string().as_str()))
        else {
            return (plain(404, "not found"), None);
        };
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.newest(origin) {
            Ok(Some(note)) => (reply(200, note.to_bytes()), None),
            Ok(None) => (plain(404, "no checkpoint of this log was cosigned yet"), None),
            Err(error) => (broken(), Some(error.into())),
        }
    }
}

/// Why what was kept cannot be relied on.
enum Fault {
    State(StateError),
    OtherKey,
}

impl Fault {
    fn into_alarm(self, origin: &str, key: &VerifierKey) -> Alarm {
        match self {
            Self::State(error) => error.into(),
            Self::OtherKey => Alarm::OtherKey { origin: origin.into(), key: key.clone() },
        }
    }
}

/// The tree that was cosigned last.
fn seen(witness: &Witness, state: &State, origin: &str) -> Result<TreeHead, Fault> {
    let Some(note) = state.newest(origin).map_err(Fault::State)? else { return Ok(TreeHead::EMPTY) };
    match witness.recall(&note) {
        Some((of, head)) if of == origin => Ok(head),
        _ => Err(Fault::OtherKey),
    }
}

fn read_logs(path: &Path) -> Result<KnownLogs, ConfigError> {
    let text = file::read_text(path, MAX_LOGS_BYTES)?;
    KnownLogs::parse(&text).map_err(|source| ConfigError::Logs { path: path.into(), source })
}

fn plain(status: u16, words: &str) -> Reply {
    reply(status, format!("{words}\n").into_bytes())
}

fn reply(status: u16, body: Vec<u8>) -> Reply {
    Reply { status, content_type: "text/plain; charset=utf-8".into(), body }
}

/// Says nothing of paths and states to strangers.
fn broken() -> Reply {
    plain(500, "this witness cannot keep what it sees; its operator was told")
}

#[cfg(test)]
mod tests;
