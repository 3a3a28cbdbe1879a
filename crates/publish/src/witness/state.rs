//! What a witness keeps: of each log the newest checkpoint that it cosigned.
//!
//! A directory with one file for each log, replaced whole before a cosignature leaves the witness; so that after a crash at
//! any point it knows at least what others know of it. It must never be put back to an older copy.
//!
//! Spec: C2SP tlog-witness, "add-checkpoint" (persist before responding).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use starttls_trust::log::witness::origin_hash;
use starttls_trust::note::MAX_NOTE_BYTES;
use starttls_trust::{NoteError, SignedNote};

use crate::file::{FileError, replace, shown};

/// The state's directory, locked for this witness.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    /// Holds the lock while it is open.
    _lock: File,
}

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It is not there: perhaps its disk is not either, and a witness without memory cosigns anything.
    #[error("the state {} is no directory; make it if this witness is new", shown(path))]
    NoDirectory {
        /// Which directory.
        path: PathBuf,
    },
    /// Another witness works with it.
    #[error("the state {} is in use by another witness", shown(path))]
    InUse {
        /// Which directory.
        path: PathBuf,
    },
    /// A link could lead two witnesses to one state, or one to a state of somebody else's choice.
    #[error("{} is a symbolic link, and a witness's state must not be one", shown(path))]
    Link {
        /// What is one.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read {}", shown(path))]
    Read {
        /// What cannot.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// It cannot be written; what stood there before still does, and nothing was cosigned.
    #[error(transparent)]
    Write(#[from] FileError),
    /// Damaged; a witness that goes on without it might cosign a fork.
    #[error(
        "{} is damaged; put it right from what this witness shows to monitors, never delete it",
        shown(path)
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: NoteError,
    },
}

impl State {
    /// Opens and locks it. The directory must be there.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let read = |source| StateError::Read { path: path.into(), source };
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => return Err(StateError::Link { path: path.into() }),
            Ok(found) if found.is_dir() => {}
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(read(error)),
            _ => return Err(StateError::NoDirectory { path: path.into() }),
        }
        let lock = File::open(path).map_err(read)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.into(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StateError::InUse { path: path.into() }),
            Err(TryLockError::Error(error)) => Err(read(error)),
        }
    }

    /// The newest checkpoint of this log; nothing if it never was cosigned.
    ///
    /// # Errors
    /// [`StateError`]; then nothing of the log may be cosigned.
    pub fn newest(&self, origin: &str) -> Result<Option<SignedNote>, StateError> {
        let path = self.file(origin);
        let read = |source| StateError::Read { path: path.clone(), source };
        let no_follow = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
        let file = match OpenOptions::new().read(true).custom_flags(no_follow).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                return Err(StateError::Link { path });
            }
            Err(error) => return Err(read(error)),
        };
        let mut bytes = Vec::new();
        let limit = u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX);
        file.take(limit + 1).read_to_end(&mut bytes).map_err(read)?;
        let note = SignedNote::parse(&bytes);
        note.map(Some).map_err(|source| StateError::Damaged { path, source })
    }

    /// Keeps a checkpoint; when this returns it is on disk. Wants exclusive access, since whoever keeps one has read the
    /// newest before, and nobody may come between.
    ///
    /// # Errors
    /// [`StateError::Write`]; then the cosignature must not leave the witness.
    pub fn keep(&mut self, origin: &str, note: &SignedNote) -> Result<(), StateError> {
        Ok(replace(&self.file(origin), &note.to_bytes())?)
    }

    /// Where the checkpoint of a log is.
    pub(super) fn file(&self, origin: &str) -> PathBuf {
        self.path.join(format!("{}.checkpoint", origin_hash(origin)))
    }
}
