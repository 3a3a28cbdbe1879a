//! The state directory: what was accepted and what is remembered of each source, on disk.
//!
//! ```text
//! STATE/lock                             one lock for all who write
//! STATE/sources/NAME/state.json          what is remembered; the switch between old and new
//! STATE/sources/NAME/list-<sha256>.json  the list in force and the one before
//! STATE/sources/NAME/proof-<sha256>      what made the list in force believable
//! STATE/sources/NAME/incoming/           downloads that have not ended
//! STATE/sources/NAME/evidence/           what contradicted
//! STATE/sources/NAME/git/                a bare repository
//! ```
//!
//! All names below the directory are opened one by one, and none may be a symbolic link. `state.json` alone decides what
//! is in force: all else is named by its hash, written before it and removed after it.

mod error;
mod evidence;
mod lock;
mod note;
#[cfg(test)]
mod ownership_tests;
mod record;
mod source;
pub(crate) mod time;

use std::path::Path;
use std::sync::Arc;

use starttls_host::Directory;

pub use error::StateError;
pub(crate) use evidence::Evidence;
pub use lock::Lock;
pub use record::TrustKind;
pub(crate) use record::{Failure, KeptList, KeptOrder, Memory, Record};
pub(crate) use source::{Incoming, MAX_PROOF_BYTES, SourceDir};

use crate::settings::SourceName;

/// The state directory.
#[derive(Clone, Debug)]
pub struct StateDir {
    directory: Arc<Directory>,
}

impl StateDir {
    /// Opens the state directory; nothing is written.
    ///
    /// # Errors
    /// [`StateError`] when it is missing, no directory of its own, or open to others.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        Ok(Self { directory: Arc::new(Directory::open(path)?) })
    }

    /// Opens the state directory, and makes it if it is missing; what should hold it must be there.
    ///
    /// # Errors
    /// As [`StateDir::open`], and when it cannot be made.
    pub fn make(path: &Path) -> Result<Self, StateError> {
        Ok(Self { directory: Arc::new(Directory::make(path)?) })
    }

    /// Takes the lock without waiting; it is held until the returned value is dropped.
    ///
    /// # Errors
    /// [`StateError::Busy`] when another run holds it.
    pub fn lock(&self) -> Result<Lock, StateError> {
        Lock::take(self)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// What is kept of a source, to be read; `None` when nothing is.
    pub(crate) fn source(&self, name: &SourceName) -> Result<Option<SourceDir>, StateError> {
        let Some(sources) = self.directory.below(SOURCES)? else { return Ok(None) };
        Ok(sources.below(name.as_str())?.map(SourceDir::new))
    }

    /// What is kept of a source, to be written by whoever holds the lock.
    fn make_source(&self, name: &SourceName) -> Result<SourceDir, StateError> {
        Ok(SourceDir::new(self.directory.make_below(SOURCES)?.make_below(name.as_str())?))
    }
}

/// Holds a directory for each source.
const SOURCES: &str = "sources";
