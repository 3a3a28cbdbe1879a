//! Files that the operator or another system put where the settings say: read whole, within a limit.
//!
//! Symbolic links are followed here: these files are not ours.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};
use starttls_trust::Digest;

/// Why a file of the operator's cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LocalError {
    #[error("`{path}` is not there")]
    Missing { path: PathBuf },
    #[error("`{path}` is no file")]
    NotAFile { path: PathBuf },
    #[error("`{path}` has more than {max_bytes} bytes")]
    TooLarge { path: PathBuf, max_bytes: u64 },
    #[error("cannot read `{path}`: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// Reads a file of at most `max_bytes` bytes.
pub(crate) fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, LocalError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            LocalError::Missing { path: path.to_owned() }
        }
        _ => LocalError::Io { path: path.to_owned(), source },
    };
    // Without waiting, so that a pipe cannot hold us up.
    let flags = (OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(failed)?;
    let metadata: fs::Metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(LocalError::NotAFile { path: path.to_owned() });
    }
    let too_large = || LocalError::TooLarge { path: path.to_owned(), max_bytes };
    if metadata.len() > max_bytes {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > max_bytes { Err(too_large()) } else { Ok(bytes) }
}

/// Tells whether a file has this size and this hash; what cannot be read has not.
pub(crate) fn is(path: &Path, size: u64, sha256: &Digest) -> bool {
    let flags = (OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed();
    let Ok(mut file) = OpenOptions::new().read(true).custom_flags(flags).open(path) else { return false };
    let has_size = file.metadata().is_ok_and(|found| found.is_file() && found.len() == size);
    let mut hasher = Sha256::new();
    has_size
        && io::copy(&mut (&mut file).take(size), &mut hasher).is_ok_and(|read| read == size)
        && Digest::from_bytes(hasher.finalize().into()) == *sha256
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_up_to_their_limit() {
        let directory = starttls_testkit::world::directory().unwrap();
        let path = directory.path().join("list.json");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(matches!(read(&path, 4), Err(LocalError::TooLarge { max_bytes: 4, .. })));
    }

    #[test]
    fn files_are_what_their_size_and_hash_say() {
        let directory = starttls_testkit::world::directory().unwrap();
        let path = directory.path().join("list.json");
        let text = "x".repeat(100_000);
        fs::write(&path, &text).unwrap();
        let sha256 = Digest::of(text.as_bytes());
        assert!(is(&path, 100_000, &sha256));
        assert!(!is(&path, 99_999, &sha256));
        assert!(!is(&path, 100_000, &Digest::of(b"x")));
        assert!(!is(&directory.path().join("none"), 100_000, &sha256));
        assert!(!is(directory.path(), 100_000, &sha256));
    }

    #[test]
    fn what_is_no_file_is_said_and_not_waited_for() {
        let directory = starttls_testkit::world::directory().unwrap();
        assert!(matches!(read(directory.path(), 5), Err(LocalError::NotAFile { .. })));
        assert!(matches!(read(&directory.path().join("none"), 5), Err(LocalError::Missing { .. })));
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert!(matches!(read(&pipe, 5), Err(LocalError::NotAFile { .. })));
        assert!(matches!(read(Path::new("/dev/zero"), 5), Err(LocalError::NotAFile { .. })));
    }
}
