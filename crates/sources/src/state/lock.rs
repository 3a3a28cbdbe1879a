//! The lock that everybody holds who writes to the state directory.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};

use super::{SourceDir, StateDir, StateError};
use crate::settings::SourceName;

/// The lock on a state directory, until dropped; the system takes it back from a process that died.
#[derive(Debug)]
pub struct Lock {
    state: StateDir,
    _file: File,
}

/// A process's number with its line end.
const MAX_HOLDER_BYTES: u64 = 16;

impl Lock {
    pub(super) fn take(state: &StateDir) -> Result<Self, StateError> {
        state.directory.check_owner()?;
        let mut file = state.directory.open_to_write("lock")?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StateError::Busy { path: state.path().to_owned(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(StateError::io("lock", state.path(), error)),
        }
        // Only for the message to others: a full disk must not keep us from reading and telling.
        let _ = file.set_len(0);
        let _ = file.write_all(format!("{}\n", std::process::id()).as_bytes());
        Ok(Self { state: state.clone(), _file: file })
    }

    /// The state directory that is locked.
    pub fn state(&self) -> &StateDir {
        &self.state
    }

    /// Forgets what was accepted from a source, and what protects it from older lists; evidence stays. Tells whether there was
    /// anything to forget.
    ///
    /// # Errors
    /// [`StateError`]; what was in force still is if its record could not be removed.
    pub fn forget(&self, name: &SourceName) -> Result<bool, StateError> {
        self.state.source(name)?.map_or(Ok(false), |source| source.forget())
    }

    pub(crate) fn source(&self, name: &SourceName) -> Result<SourceDir, StateError> {
        self.state.make_source(name)
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(MAX_HOLDER_BYTES).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
