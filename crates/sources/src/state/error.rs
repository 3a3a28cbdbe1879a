//! Why the state directory cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use starttls_host::{DirectoryError, ForeignFile};

/// Why the state directory cannot be used; what was in force still is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It does not exist.
    #[error(
        "there is no state directory `{path}`; `starttls update` makes it, and `--state-dir` names another"
    )]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// What should hold it does not exist.
    #[error("`{path}` cannot be made since what should hold it does not exist; make that first")]
    NoParent {
        /// The directory.
        path: PathBuf,
    },
    /// Another run holds the lock.
    #[error("another run of starttls{} works in `{path}`; wait until it has ended", process(*holder))]
    Busy {
        /// The state directory.
        path: PathBuf,
        /// The other process's number, if it says so.
        holder: Option<u32>,
    },
    /// A file does not say what we wrote.
    #[error(
        "`{path}` is damaged ({reason}); restore it from a backup, or run `starttls update` right after removing the directory of \
         this source: until that accepts the list again nothing of it counts after a restart, and nothing protects from an older one"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A later release wrote it.
    #[error("`{path}` was written by a later release of starttls (form {version}); use that one")]
    Later {
        /// The file.
        path: PathBuf,
        /// The form it says.
        version: u64,
    },
    /// What would be written is older than what is there.
    #[error("`{path}` already remembers something newer; nothing was written")]
    Backwards {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} `{path}`{}; what was in force still is", starttls_host::cure(source))]
    Io {
        /// The action that failed, a verb.
        action: &'static str,
        /// The file or directory it was done to.
        path: PathBuf,
        /// The underlying I/O error.
        #[source]
        source: io::Error,
    },
    /// A file or directory in it belongs to another user than it does.
    #[error("cannot {action} `{path}`: {foreign}; what was in force still is")]
    Foreign {
        /// The action that failed, a verb.
        action: &'static str,
        /// The file or directory it was done to.
        path: PathBuf,
        /// The file of another user.
        foreign: ForeignFile,
    },
    /// The directory or a file in it is not as this program leaves it.
    #[error(transparent)]
    Directory(DirectoryError),
}

impl StateError {
    /// An I/O error of an action.
    pub(crate) fn io(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        DirectoryError::io(action, path, source).into()
    }
}

impl From<DirectoryError> for StateError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Missing { path } => Self::Missing { path },
            DirectoryError::NoParent { path } => Self::NoParent { path },
            DirectoryError::Io { action, path, source } => Self::Io { action, path, source },
            DirectoryError::Foreign { action, path, foreign } => Self::Foreign { action, path, foreign },
            other => Self::Directory(other),
        }
    }
}

fn process(holder: Option<u32>) -> String {
    holder.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}
