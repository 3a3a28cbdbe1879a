//! One daemon for one state directory: two would write one store, each without seeing what the other has learnt.
//!
//! The directory itself is locked, so that no file is needed, and the lock goes with the process however it ends.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// The right to use a state directory, held until it is dropped.
#[derive(Debug)]
pub(super) struct Alone {
    /// None where the directory cannot be locked.
    _directory: Option<File>,
}

/// Another daemon uses the state directory.
#[derive(Debug, thiserror::Error)]
#[error(
    "another daemon uses the state directory `{}`: stop that one, or give this one another `state-dir`",
    directory.display()
)]
pub(super) struct AnotherDaemonError {
    directory: PathBuf,
}

impl Alone {
    /// Takes the right. A directory that cannot be opened or locked stops nobody: the daemon's first duty is to answer.
    ///
    /// # Errors
    /// [`AnotherDaemonError`].
    pub(super) fn in_directory(directory: &Path) -> Result<Self, AnotherDaemonError> {
        let locked = File::open(directory).and_then(|opened| {
            Ok(flock(&opened, FlockOperation::NonBlockingLockExclusive).map(|()| opened)?)
        });
        match locked {
            Ok(opened) => Ok(Self { _directory: Some(opened) }),
            Err(error) if Errno::from_io_error(&error) == Some(Errno::WOULDBLOCK) => {
                Err(AnotherDaemonError { directory: directory.to_owned() })
            }
            Err(error) => {
                tracing::warn!(
                    "the state directory `{}` cannot be locked ({error}), so that a second daemon in it would not be noticed",
                    directory.display()
                );
                Ok(Self { _directory: None })
            }
        }
    }
}
