//! Files and streams read whole, up to a limit.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use starttls_policy::printable;

/// A file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is none.
    #[error("`{}` does not exist", shown(path))]
    Missing {
        /// Its path.
        path: PathBuf,
        /// The underlying I/O error: the file or a directory above it does not exist.
        #[source]
        source: io::Error,
    },
    /// A directory, a device, a pipe or a socket.
    #[error("`{}` is not a regular file", shown(path))]
    NotAFile {
        /// Its path.
        path: PathBuf,
    },
    /// Larger than the limit.
    #[error("`{}` has more than {max_bytes} bytes", shown(path))]
    TooLarge {
        /// Its path.
        path: PathBuf,
        /// The limit.
        max_bytes: u64,
    },
    /// Not UTF-8.
    #[error("`{}` is not text in UTF-8", shown(path))]
    NotText {
        /// Its path.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot read `{}`", shown(path))]
    Io {
        /// Its path.
        path: PathBuf,
        /// The underlying I/O error.
        #[source]
        source: io::Error,
    },
}

/// A path as people may see it: without control characters.
fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// Reads a regular file of at most `max_bytes` bytes. Symbolic links are followed; for a directory of ours see [`crate::Directory`].
///
/// # Errors
/// [`ReadError`]. It never waits: a pipe or a device is [`ReadError::NotAFile`].
pub fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, ReadError> {
    let failed = |source: io::Error| {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ReadError::Missing { path, source },
            _ => ReadError::Io { path, source },
        }
    };
    // Without waiting for a writer, where it is a pipe.
    let flags = (OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(ReadError::NotAFile { path: path.to_owned() });
    }
    let bytes = read_stream(file, metadata.len(), max_bytes).map_err(failed)?;
    bytes.ok_or_else(|| ReadError::TooLarge { path: path.to_owned(), max_bytes })
}

/// Reads the text in a regular file of at most `max_bytes` bytes.
///
/// # Errors
/// As [`read`], and [`ReadError::NotText`].
pub fn read_text(path: &Path, max_bytes: u64) -> Result<String, ReadError> {
    String::from_utf8(read(path, max_bytes)?).map_err(|_| ReadError::NotText { path: path.to_owned() })
}

/// Reads a regular file of at most `max_bytes` bytes; `None` if it does not exist.
///
/// # Errors
/// As [`read`], but for [`ReadError::Missing`].
pub fn read_if_exists(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, ReadError> {
    match read(path, max_bytes) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ReadError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a stream to its end; `None` if it has more than `max_bytes` bytes. `expected_bytes` is how many there probably are, which
/// saves copies.
///
/// # Errors
/// The underlying I/O error.
pub fn read_stream(stream: impl Read, expected_bytes: u64, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    if expected_bytes > max_bytes {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(expected_bytes).unwrap_or_default());
    stream.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= max_bytes).then_some(bytes))
}

#[cfg(test)]
mod reading {
    use super::*;

    #[test]
    fn stops_at_the_limit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(matches!(read(&path, 4), Err(ReadError::TooLarge { max_bytes: 4, .. })));
        assert_eq!(read_stream(&b"12345"[..], 0, 5).unwrap().unwrap(), b"12345");
        assert_eq!(read_stream(io::repeat(b'x'), 0, 5).unwrap(), None);
        assert_eq!(read_stream(io::empty(), 6, 5).unwrap(), None);
    }

    #[test]
    fn tells_missing_files_from_others() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("none");
        assert!(matches!(read(&path, 5), Err(ReadError::Missing { .. })));
        assert_eq!(read_if_exists(&path, 5).unwrap(), None);
        std::fs::write(&path, [0xff]).unwrap();
        assert!(matches!(read(&path.join("below"), 5), Err(ReadError::Missing { .. })));
        assert!(matches!(read_text(&path, 5), Err(ReadError::NotText { .. })));
    }

    #[test]
    fn does_not_wait_for_what_is_not_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        for path in [directory.path(), &pipe, Path::new("/dev/zero")] {
            assert!(matches!(read(path, 5), Err(ReadError::NotAFile { .. })), "{path:?}");
        }
    }
}
