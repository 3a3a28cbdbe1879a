//! Why the state directory cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::owner::{ForeignFile, SwitchError};

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
    /// A symbolic link, which could lead our files elsewhere.
    #[error(
        "`{path}` is a symbolic link; nothing in the state directory may be one: put the real thing there"
    )]
    SymbolicLink {
        /// Where.
        path: PathBuf,
    },
    /// A file where a directory is wanted, or the other way round.
    #[error("`{path}` is no {wanted}; move it away, it is not ours")]
    WrongKind {
        /// Where.
        path: PathBuf,
        /// What should be there.
        wanted: &'static str,
    },
    /// It belongs to another user.
    #[error("`{path}` belongs to user {owner}, we run as {us}; run as that user, or change the owner")]
    OtherOwner {
        /// The directory.
        path: PathBuf,
        /// Its owner's number.
        owner: u32,
        /// Our number.
        us: u32,
    },
    /// Others can put files there.
    #[error(
        "`{path}` can be written by other users (mode {mode:04o}); take that right away with `chmod go-w`"
    )]
    WritableByOthers {
        /// The directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Another run holds the lock.
    #[error("another run of starttls{} works in `{path}`; wait until it has ended", process(*holder))]
    Busy {
        /// The state directory.
        path: PathBuf,
        /// The other process's number, if it says so.
        holder: Option<u32>,
    },
    /// A file is larger than we ever write it.
    #[error(
        "`{path}` has more than {max_bytes} bytes, and so was not written by us; restore it from a backup"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        max_bytes: u64,
    },
    /// A file does not say what we wrote.
    #[error(
        "`{path}` is damaged ({reason}); restore it from a backup, or remove the directory of this source and forget \
         what protects it from older lists"
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
    /// A file or directory in it belongs to another user than it does.
    #[error("cannot {action} `{}`: {foreign}; what was in force still is", path.display())]
    Foreign {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What stands in the way.
        foreign: ForeignFile,
    },
    /// Root may not act as the user to whom it belongs.
    #[error(transparent)]
    Switch(#[from] SwitchError),
    /// The system refused.
    #[error("cannot {action} `{path}`{}", cure(source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
}

impl StateError {
    pub(crate) fn io(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        let source = source.into();
        let path = path.to_owned();
        match ForeignFile::behind(&path).filter(|_| source.kind() == io::ErrorKind::PermissionDenied) {
            Some(foreign) => Self::Foreign { action, path, foreign },
            None => Self::Io { action, path, source },
        }
    }

    /// For a name that was opened without following links.
    pub(crate) fn opening(path: &Path, wanted: &'static str, errno: Errno) -> Self {
        let path = path.to_owned();
        match errno {
            Errno::LOOP => Self::SymbolicLink { path },
            // A directory asked for as such and without following answers so for a link, too.
            Errno::NOTDIR if is_link(&path) => Self::SymbolicLink { path },
            Errno::NOTDIR | Errno::ISDIR | Errno::NXIO => Self::WrongKind { path, wanted },
            _ => Self::io("open", &path, errno),
        }
    }
}

fn is_link(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

fn process(holder: Option<u32>) -> String {
    holder.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

fn cure(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; make room on its disk: what was in force still is"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "; its file system is mounted read-only: what was in force still is"
        }
        io::ErrorKind::PermissionDenied => "; run as the user it belongs to: what was in force still is",
        _ => "; what was in force still is",
    }
}
