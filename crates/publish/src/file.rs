//! Files that are read and written here, and the errors that name them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use starttls_host::ReadError;
use starttls_policy::printable;

/// What is published is for everybody to read.
const MODE: u32 = 0o644;

/// A file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It cannot be written; it is as it was before.
    #[error("cannot write `{}`", shown(path))]
    Write {
        /// Its path.
        path: PathBuf,
        /// The underlying I/O error.
        #[source]
        source: io::Error,
    },
}

/// A path as people may see it.
pub(crate) fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// Reads a file of at most `max_bytes` bytes.
pub(crate) fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, FileError> {
    Ok(starttls_host::read(path, max_bytes)?)
}

/// Reads the text in a file of at most `max_bytes` bytes.
pub(crate) fn read_text(path: &Path, max_bytes: u64) -> Result<String, FileError> {
    Ok(starttls_host::read_text(path, max_bytes)?)
}

/// Reads a file of at most `max_bytes` bytes; `None` if it does not exist.
pub(crate) fn read_if_exists(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, FileError> {
    Ok(starttls_host::read_if_exists(path, max_bytes)?)
}

/// Makes the directory of a file.
pub(crate) fn make_parent(path: &Path) -> Result<(), FileError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|source| FileError::Write { path: parent.into(), source })
}

/// Replaces a file that everybody may read with `bytes`, whole.
///
/// # Errors
/// [`FileError::Write`].
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    starttls_host::replace(path, bytes, MODE).map_err(|source| FileError::Write { path: path.into(), source })
}
