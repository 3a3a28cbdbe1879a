//! Files that are replaced whole: a reader sees the old bytes or the new ones, also after a crash at any point.
//!
//! The new bytes are written beside the file, flushed to disk and renamed over it; then the directory is flushed. The directory is
//! held open from the beginning, so that all steps happen in the same one.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, fchmod, openat, renameat, unlinkat};
use rustix::io::Errno;

use crate::fault;

/// Ends the name of a file that is being written; one that is found was left by a process that died.
pub const ASIDE_SUFFIX: &str = ".starttls-new";

/// Until a file is in place only its owner reads it.
const MODE_MEANWHILE: Mode = Mode::from_raw_mode(0o600);

/// Names that are tried for [`Replacement::begin_unlocked`].
const MAX_NAMES: u32 = 16;

/// New bytes of a file, not yet in place. Dropped before [`Replacement::commit`], they are removed and the file is untouched.
#[derive(Debug)]
pub struct Replacement {
    directory: OwnedFd,
    name: OsString,
    aside: OsString,
    file: File,
    committed: bool,
}

impl Replacement {
    /// Begins to replace the file at `path`. What a process that died left is overwritten, so the caller makes sure that only one
    /// process replaces the file at a time; see [`Replacement::begin_unlocked`].
    ///
    /// # Errors
    /// The underlying I/O error.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let (directory, name) = open_parent(path)?;
        let mut aside = name.clone();
        aside.push(ASIDE_SUFFIX);
        Self::begin_in(directory, name, aside)
    }

    /// As [`Replacement::begin`], for a file that several processes may replace at the same time: the last one wins. What a process
    /// that died left stays.
    ///
    /// # Errors
    /// The underlying I/O error.
    pub fn begin_unlocked(path: &Path) -> io::Result<Self> {
        let (directory, name) = open_parent(path)?;
        for attempt in 0..MAX_NAMES {
            let mut aside = OsString::from(".");
            aside.push(&name);
            aside.push(format!(".{}-{:x}-{attempt}{ASIDE_SUFFIX}", std::process::id(), fastrand::u32(..)));
            match create(directory.as_fd(), &aside) {
                Ok(file) => return Ok(Self { directory, name, aside, file, committed: false }),
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(crate) fn begin_in(directory: OwnedFd, name: OsString, aside: OsString) -> io::Result<Self> {
        unlink(directory.as_fd(), &aside)?;
        let file = create(directory.as_fd(), &aside)?;
        fault::point()?;
        Ok(Self { directory, name, aside, file, committed: false })
    }

    /// The file to write.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Puts the file in place with these permissions, whatever the umask is.
    ///
    /// # Errors
    /// The underlying I/O error. The old file stands there, or the new one if only the directory could not be flushed.
    pub fn commit(mut self, mode: u32) -> io::Result<()> {
        fchmod(&self.file, Mode::from_raw_mode(mode & 0o7777))?;
        fault::point()?;
        self.file.sync_all()?;
        fault::point()?;
        renameat(&self.directory, &self.aside, &self.directory, &self.name)?;
        self.committed = true;
        fault::point()?;
        Ok(rustix::fs::fsync(&self.directory)?)
    }
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.committed {
            // What stays is overwritten by the next run; the first error is the one to report.
            let _ = unlink(self.directory.as_fd(), &self.aside);
        }
    }
}

/// Puts `bytes` in place of the file at `path`, with these permissions. Only one process may do so at a time.
///
/// # Errors
/// As [`Replacement::commit`].
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut replacement = Replacement::begin(path)?;
    replacement.write_all(bytes)?;
    replacement.commit(mode)
}

/// Removes a file, and what a process that died while it replaced the file left; neither need exist.
///
/// # Errors
/// The underlying I/O error.
pub fn remove(path: &Path) -> io::Result<()> {
    remove_aside(path)?;
    if_exists(fs::remove_file(path))
}

/// Removes what a process that died while it replaced the file at `path` left.
///
/// # Errors
/// The underlying I/O error.
pub fn remove_aside(path: &Path) -> io::Result<()> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(ASIDE_SUFFIX);
    if_exists(fs::remove_file(path.with_file_name(name)))
}

/// Flushes the directory that holds `path`, so that a rename in it outlives a power cut.
///
/// # Errors
/// The underlying I/O error.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    fault::point()?;
    File::open(parent(path))?.sync_all()
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The directory of a file, held open, and the file's name in it.
fn open_parent(path: &Path) -> io::Result<(OwnedFd, OsString)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok((openat(CWD, parent(path), flags, Mode::empty())?, name))
}

fn create(directory: BorrowedFd<'_>, name: &OsStr) -> Result<File, Errno> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(directory, PathBuf::from(name), flags, MODE_MEANWHILE).map(File::from)
}

fn unlink(directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    if_exists(unlinkat(directory, name, AtFlags::empty()).map_err(io::Error::from))
}

fn if_exists(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod replacing {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn that_fails_leaves_the_old_bytes_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        replace(&path, b"old", 0o644).unwrap();
        for begin in [Replacement::begin, Replacement::begin_unlocked] {
            let mut replacement = begin(&path).unwrap();
            replacement.write_all(b"ne").unwrap();
            drop(replacement);
            assert_eq!(fs::read(&path).unwrap(), b"old");
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn overwrites_what_a_process_that_died_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(directory.path().join("file.starttls-new"), "half").unwrap();
        replace(&path, b"new", 0o640).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn follows_no_link_that_stands_in_its_way() {
        let directory = tempfile::tempdir().unwrap();
        let victim = directory.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        let path = directory.path().join("file");
        std::os::unix::fs::symlink(&victim, directory.path().join("file.starttls-new")).unwrap();
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        replace(&path, b"new", 0o600).unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn by_several_at_a_time_never_mixes_their_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let mut one = Replacement::begin_unlocked(&path).unwrap();
        let mut other = Replacement::begin_unlocked(&path).unwrap();
        one.write_all(b"one").unwrap();
        other.write_all(b"other").unwrap();
        other.commit(0o600).unwrap();
        one.commit(0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn without_a_directory_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let error = replace(&directory.path().join("none/file"), b"", 0o600).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(replace(Path::new("/"), b"", 0o600).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
