//! The reasons why a directory or a file in it cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::cure;
use crate::owner::{ForeignFile, SwitchError};

/// A directory or a file in it cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The directory does not exist.
    #[error("there is no directory `{path}`")]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// The directory above it does not exist.
    #[error("`{path}` cannot be made since the directory above it does not exist; make that first")]
    NoParent {
        /// The directory.
        path: PathBuf,
    },
    /// A symbolic link, which could lead elsewhere.
    #[error("`{path}` is a symbolic link, which is not followed here; put the real thing there")]
    SymbolicLink {
        /// The link.
        path: PathBuf,
    },
    /// A file where a directory is wanted, or the other way round.
    #[error("`{path}` is not a {wanted}; move it away")]
    WrongKind {
        /// Its path.
        path: PathBuf,
        /// `file` or `directory`.
        wanted: &'static str,
    },
    /// It belongs to another user.
    #[error(
        "`{path}` belongs to user {owner}, this process runs as {us}; run as that user, or change the owner"
    )]
    OtherOwner {
        /// The directory.
        path: PathBuf,
        /// Its owner's number.
        owner: u32,
        /// This process's user number.
        us: u32,
    },
    /// Other users can put files there.
    #[error(
        "`{path}` can be written by other users (mode {mode:04o}); take that right away with `chmod go-w`"
    )]
    WritableByOthers {
        /// The directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A file is larger than this program writes it.
    #[error(
        "`{path}` has more than {max_bytes} bytes, so this program did not write it; restore it from a backup"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        max_bytes: u64,
    },
    /// A file or directory in it belongs to another user than it does.
    #[error("cannot {action} `{}`: {foreign}", path.display())]
    Foreign {
        /// The action that failed, a verb.
        action: &'static str,
        /// The file or directory it was done to.
        path: PathBuf,
        /// The file of another user.
        foreign: ForeignFile,
    },
    /// Root may not act as the user to whom it belongs.
    #[error(transparent)]
    Switch(#[from] SwitchError),
    /// The system refused.
    #[error("cannot {action} `{path}`{}", cure(source))]
    Io {
        /// The action that failed, a verb.
        action: &'static str,
        /// The file or directory it was done to.
        path: PathBuf,
        /// The underlying I/O error.
        #[source]
        source: io::Error,
    },
}

impl DirectoryError {
    /// An I/O error of an action, with the reason behind it where that can be found out.
    pub fn io(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        let source = source.into();
        let path = path.to_owned();
        match ForeignFile::behind(&path).filter(|_| source.kind() == io::ErrorKind::PermissionDenied) {
            Some(foreign) => Self::Foreign { action, path, foreign },
            None => Self::Io { action, path, source },
        }
    }

    /// For a name that was opened without following links.
    pub(super) fn opening(path: &Path, wanted: &'static str, errno: Errno) -> Self {
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
