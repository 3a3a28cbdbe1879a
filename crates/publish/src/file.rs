//! Files read up to a limit, and files replaced whole: a reader sees the old bytes or the new ones.

use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use starttls_policy::printable;

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system refuses.
    #[error("cannot read {}", shown(path))]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// The system refuses; what stood there before still does.
    #[error("cannot write {}", shown(path))]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// Larger than any such file.
    #[error("{} is larger than {max_bytes} bytes; no such file is", shown(path))]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// The limit.
        max_bytes: u64,
    },
    /// Not UTF-8.
    #[error("{} is no text", shown(path))]
    NoText {
        /// Which file.
        path: PathBuf,
    },
}

/// A path as people may see it.
pub(crate) fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// Ends the name of a file that is being written; one that is found belongs to a run that died.
const SUFFIX: &str = ".starttls-new";

/// Everything in a file of at most `max_bytes`.
pub(crate) fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, FileError> {
    let failed = |source| FileError::Read { path: path.into(), source };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(max_bytes + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > max_bytes {
        return Err(FileError::TooLarge { path: path.into(), max_bytes });
    }
    Ok(bytes)
}

/// The text in a file of at most `max_bytes`.
pub(crate) fn read_text(path: &Path, max_bytes: u64) -> Result<String, FileError> {
    String::from_utf8(read(path, max_bytes)?).map_err(|_| FileError::NoText { path: path.into() })
}

/// What is in a file, or `None` if there is none.
pub(crate) fn read_if_there(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, FileError> {
    match read(path, max_bytes) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(FileError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes the directory that a file is to stand in.
pub(crate) fn make_parent(path: &Path) -> Result<(), FileError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|source| FileError::Write { path: parent.into(), source })
}

/// Puts `bytes` in place of a file that all may read: written aside, flushed to disk, renamed.
///
/// # Errors
/// [`FileError::Write`]; the file is untouched then.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace_with(path, &mut |file| file.write_all(bytes))
}

/// As [`replace`], for bytes that are written one after another.
pub(crate) fn replace_with(
    path: &Path,
    write: &mut dyn FnMut(&mut File) -> io::Result<()>,
) -> Result<(), FileError> {
    let failed = |source| FileError::Write { path: path.into(), source };
    let aside = aside(path).map_err(failed)?;
    let written = write_aside(&aside, write).and_then(|()| fs::rename(&aside, path));
    if written.is_err() {
        // What is left is overwritten by the next run; the first error is the one to report.
        let _ = fs::remove_file(&aside);
    }
    written.and_then(|()| sync_parent(path)).map_err(failed)
}

fn write_aside(aside: &Path, write: &mut dyn FnMut(&mut File) -> io::Result<()>) -> io::Result<()> {
    match fs::remove_file(aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(aside)?;
    write(&mut file)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.sync_all()
}

/// Flushes the directory that holds `path`, so that a rename in it outlives a power cut.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn aside(path: &Path) -> io::Result<PathBuf> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(SUFFIX);
    Ok(path.with_file_name(name))
}

#[cfg(test)]
mod replacing {
    use super::*;

    #[test]
    fn that_fails_leaves_the_old_bytes_and_nothing_else() {
        let directory = starttls_testkit::world::directory().unwrap();
        let path = directory.path().join("file");
        replace(&path, b"old").unwrap();
        let full = replace_with(&path, &mut |file| {
            file.write_all(b"ne")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(matches!(full, Err(FileError::Write { .. })));
        assert_eq!(read(&path, 10).unwrap(), b"old");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn passes_over_what_a_run_that_died_left() {
        let directory = starttls_testkit::world::directory().unwrap();
        let path = directory.path().join("file");
        fs::write(aside(&path).unwrap(), "half").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(read(&path, 3).unwrap(), b"new");
        assert!(matches!(read(&path, 2), Err(FileError::TooLarge { .. })));
    }
}
