//! The activation record: from which lists and overrides the policy in force was made, when each of them expires, and
//! what the table becomes then.
//!
//! ```text
//! OUTPUT/current/.validity.json   parts with their expiry, kind and hash of the table, the Postfix instance
//! OUTPUT/current/.expiries        per expiry, in order, the lines that change
//! OUTPUT/state.json               active, written, withdrawn or deactivated by the operator, and since when
//! OUTPUT/alert.json               who is alerted and how; for the owner alone
//! OUTPUT/validity-seen.json       a second copy of the record of the generation in force
//! OUTPUT/withdraw-seen            when the withdrawal timer looked last
//! ```
//!
//! The first two lie in the generation that they describe, so that one rename exchanges table and record together and a
//! rollback brings both back. Withdrawal reads these files and nothing else. Which lists there are, and what a line
//! says, is decided above.

mod alert;
mod copy;
mod expiries;
mod note;
mod part;
mod state;
mod time;
mod watch;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use starttls_mta::postfix::{TABLE, TableType};
use starttls_policy::Timestamp;

pub use alert::Alert;
pub use expiries::{Change, Due, Effect, Expiries, ExpiriesError, Step};
pub use note::{read_note, write_note};
pub use part::{Part, PartKind};
pub use state::{ActivationState, SavedState, State};
pub use watch::{DEAD_AFTER, last_seen, note_seen};

use crate::generations::{CURRENT, Generations, Ready};

const FILE: &str = ".validity.json";
const EXPIRIES: &str = ".expiries";

/// A few hundred bytes per list and override.
const MAX_BYTES: u64 = 16 << 20;

/// What a generation was made from, and until when it may stay in force.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Validity {
    /// When it was decided.
    #[serde(with = "time")]
    pub made: Timestamp,
    /// The kind of the look-up table, as Postfix names it.
    pub table_type: String,
    /// SHA-256 of the table's text, in hexadecimal digits.
    pub table_sha256: String,
    /// Postfix's configuration directory; the default instance if there is none.
    pub postfix_config: Option<PathBuf>,
    /// Where Postfix's commands are; looked for along PATH if there is none.
    pub postfix_commands: Option<PathBuf>,
    /// Who runs `starttls withdraw`.
    pub watcher: Watcher,
    /// Every list, order and override that expires or may be replaced.
    pub parts: Vec<Part>,
    /// When all of it expires, as the operator said at activation.
    #[serde(with = "time::optional")]
    pub until: Option<Timestamp>,
}

/// Who runs `starttls withdraw` every quarter of an hour.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watcher {
    /// The timer that activation installs.
    Timer,
    /// The operator's own means.
    Own,
}

/// A file of the activation record could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValidityError {
    /// The system refused.
    #[error("cannot read or write `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// The underlying I/O error.
        #[source]
        source: io::Error,
    },
    /// It is not what we wrote.
    #[error("`{path}` is damaged; run `starttls update`, or activate again, which writes it anew")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The expiries are not what we wrote.
    #[error("`{path}` is damaged; run `starttls update`, or activate again, which writes it anew")]
    Expiries {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: ExpiriesError,
    },
}

impl Validity {
    /// Reads the record of the generation in force in an output directory, without its lock; `None` when there is no
    /// generation, or one without a record.
    ///
    /// # Errors
    /// [`ValidityError`].
    pub fn read(root: &Path) -> Result<Option<Self>, ValidityError> {
        read_json(&root.join(CURRENT).join(FILE))
    }

    /// The first moment at which something in force has expired.
    pub fn first_expiry(&self) -> Option<Timestamp> {
        self.parts.iter().filter_map(|part| part.expires).chain(self.until).min()
    }

    /// The lists, orders and overrides that have expired. What expires at a second has expired in that second.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = &Part> {
        let is_over = self.until.is_some_and(|end| end <= now);
        self.parts.iter().filter(move |part| is_over || part.expires.is_some_and(|end| end <= now))
    }

    /// Whether it is about a table that was emptied: every other policy has a part.
    pub fn is_emptied(&self) -> bool {
        self.parts.is_empty() && self.until.is_none()
    }

    /// Whether everything has expired by the operator's own word.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|end| end <= now)
    }
}

/// Reads the expiries of the generation in force, without its lock; `None` when it has none.
///
/// # Errors
/// [`ValidityError`].
pub fn read_expiries(root: &Path) -> Result<Option<Expiries>, ValidityError> {
    let path = root.join(CURRENT).join(EXPIRIES);
    let Some(bytes) = read_file(&path)? else { return Ok(None) };
    Expiries::parse(&String::from_utf8_lossy(&bytes))
        .map(Some)
        .map_err(|source| ValidityError::Expiries { path, source })
}

impl Ready<'_> {
    /// Puts the record beside the files of a generation that is not yet in force.
    ///
    /// # Errors
    /// [`ValidityError`].
    pub fn describe(&self, validity: &Validity, expiries: &Expiries) -> Result<(), ValidityError> {
        write_record(self.directory(), validity, expiries)
    }
}

impl Generations {
    /// Replaces the record of the generation in force: its table stays, other lists or dates stand behind it.
    ///
    /// # Errors
    /// [`ValidityError`]; the record before is still there then, or the new expiries beside it.
    pub fn describe_current(&self, validity: &Validity, expiries: &Expiries) -> Result<(), ValidityError> {
        write_record(&self.current_directory(), validity, expiries)?;
        validity.write_copy(self)
    }
}

/// The SHA-256 of a table in a directory, in hexadecimal digits.
///
/// # Errors
/// When it cannot be read.
pub fn table_sha256(directory: &Path) -> io::Result<String> {
    let mut file = fs::File::open(directory.join(TABLE))?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 128 * 1024];
    loop {
        match io::Read::read(&mut file, &mut block)? {
            0 => break,
            read => hash.update(block.get(..read).unwrap_or_default()),
        }
    }
    Ok(base16ct::lower::encode_string(&hash.finalize()))
}

impl Validity {
    /// The kind of the look-up table; the default one where the record names none that this release knows.
    pub fn table_type(&self) -> TableType {
        TableType::from_name(&self.table_type).unwrap_or_default()
    }
}

/// Expiries first: the record alone says when to look at them.
fn write_record(directory: &Path, validity: &Validity, expiries: &Expiries) -> Result<(), ValidityError> {
    put(&directory.join(EXPIRIES), expiries.to_string().as_bytes(), 0o644)?;
    write_json(&directory.join(FILE), validity, 0o644)
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Option<T>, ValidityError> {
    let Some(bytes) = read_file(path)? else { return Ok(None) };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|source| ValidityError::Damaged { path: path.to_owned(), source })
}

fn write_json<T: Serialize>(path: &Path, value: &T, mode: u32) -> Result<(), ValidityError> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|source| ValidityError::Damaged { path: path.to_owned(), source })?;
    bytes.push(b'\n');
    put(path, &bytes, mode)
}

fn read_file(path: &Path) -> Result<Option<Vec<u8>>, ValidityError> {
    let failed = |source| ValidityError::Io { path: path.to_owned(), source };
    let file = match fs::File::open(path) {
        // Where the directory is a file, nothing was written below it.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        file => file.map_err(failed)?,
    };
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, MAX_BYTES + 1), &mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(failed(io::Error::other(format!("larger than {MAX_BYTES} bytes"))));
    }
    Ok(Some(bytes))
}

fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<(), ValidityError> {
    starttls_host::replace(path, bytes, mode)
        .map_err(|source| ValidityError::Io { path: path.to_owned(), source })
}
