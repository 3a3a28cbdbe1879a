//! A directory of this program, held open: names in it are opened from the handle, and symbolic links are refused.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, fchmod, fstat, mkdirat, openat, renameat, unlinkat,
};
use rustix::io::Errno;

use crate::replacement::{ASIDE_SUFFIX, Replacement};
use crate::{Owner, fault, read_stream};

mod error;

pub use error::DirectoryError;

/// Permissions of directories: written by their owner, read by their group.
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o750);
/// Permissions of files: likewise.
const FILE_MODE: Mode = Mode::from_raw_mode(0o640);

/// A directory that is held open, and as root accessed as the user to whom the topmost directory belongs.
#[derive(Debug)]
pub struct Directory {
    handle: OwnedFd,
    /// The user as whom everything in it is accessed.
    owner: Owner,
    /// For messages, and for programs that need a path.
    path: PathBuf,
}

impl Directory {
    /// Opens a topmost directory, which others must not be able to write.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let path = &std::path::absolute(path).map_err(|source| DirectoryError::io("find", path, source))?;
        let opened = open_directory(CWD, path, path)?;
        let handle = opened.ok_or_else(|| DirectoryError::Missing { path: path.clone() })?;
        let stat = fstat(&handle).map_err(|error| DirectoryError::io("look at", path, error))?;
        let owner = Owner::of(stat.st_uid, stat.st_gid);
        let directory = Self { handle, owner, path: path.clone() };
        directory.check_mode()?;
        Ok(directory)
    }

    /// Opens a topmost directory, and makes it before if it is missing; the directory above it must exist.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn make(path: &Path) -> Result<Self, DirectoryError> {
        match mkdirat(CWD, path, DIRECTORY_MODE) {
            Ok(()) | Err(Errno::EXIST) => Self::open(path),
            Err(Errno::NOENT) => Err(DirectoryError::NoParent { path: path.to_owned() }),
            Err(error) => Err(DirectoryError::io("make", path, error)),
        }
    }

    /// Does some work as the user to whom the topmost directory belongs.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn act<T, E: From<DirectoryError>>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.owner.act(work).map_err(DirectoryError::from)?
    }

    /// Opens a directory in it; `None` if it does not exist.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn below(&self, name: &str) -> Result<Option<Self>, DirectoryError> {
        let path = self.path.join(name);
        let handle = self.act(|| open_directory(self.handle.as_fd(), Path::new(name), &path))?;
        Ok(handle.map(|handle| Self { handle, owner: self.owner, path }))
    }

    /// Opens a directory in it, and makes it before if it is missing.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn make_below(&self, name: &str) -> Result<Self, DirectoryError> {
        let path = self.path.join(name);
        self.act(|| match mkdirat(&self.handle, name, DIRECTORY_MODE) {
            Ok(()) => self.sync(),
            Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(DirectoryError::io("make", &path, error)),
        })?;
        self.below(name)?.ok_or_else(|| DirectoryError::io("make", &path, Errno::NOENT))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses to write into another user's directory: its owner could not read the files that this process leaves there.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn check_owner(&self) -> Result<(), DirectoryError> {
        let stat = fstat(&self.handle).map_err(|error| DirectoryError::io("look at", &self.path, error))?;
        let us = rustix::process::geteuid().as_raw();
        // Root acts as the owner.
        if stat.st_uid == us || self.owner.uid() == Some(stat.st_uid) {
            return Ok(());
        }
        Err(DirectoryError::OtherOwner { path: self.path.clone(), owner: stat.st_uid, us })
    }

    fn check_mode(&self) -> Result<(), DirectoryError> {
        let stat = fstat(&self.handle).map_err(|error| DirectoryError::io("look at", &self.path, error))?;
        let mode = stat.st_mode & 0o7777;
        if mode & 0o022 != 0 {
            return Err(DirectoryError::WritableByOthers { path: self.path.clone(), mode });
        }
        Ok(())
    }

    /// Opens a file to read; `None` if it does not exist.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn open_to_read(&self, name: &str) -> Result<Option<File>, DirectoryError> {
        // Without waiting, so that a pipe put there cannot hold us up.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        self.open_file(name, flags)
    }

    /// Opens a file to read and write, with the bytes that it has; it is made if it is missing.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn open_to_write(&self, name: &str) -> Result<File, DirectoryError> {
        let opened = self.open_file(name, OFlags::RDWR | OFlags::CREATE | OFlags::NONBLOCK)?;
        opened.ok_or_else(|| DirectoryError::io("make", &self.path.join(name), Errno::NOENT))
    }

    fn open_file(&self, name: &str, flags: OFlags) -> Result<Option<File>, DirectoryError> {
        let path = self.path.join(name);
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = self.act(|| match openat(&self.handle, name, flags, FILE_MODE) {
            Ok(handle) => Ok(Some(handle)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(DirectoryError::opening(&path, "file", error)),
        })?;
        let Some(handle) = opened else { return Ok(None) };
        let stat = fstat(&handle).map_err(|error| DirectoryError::io("look at", &path, error))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(DirectoryError::WrongKind { path, wanted: "file" });
        }
        Ok(Some(handle.into()))
    }

    /// Reads a file of at most `max_bytes` bytes; `None` if it does not exist.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn read(&self, name: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, DirectoryError> {
        let Some(file) = self.open_to_read(name)? else { return Ok(None) };
        let path = self.path.join(name);
        let failed = |source| DirectoryError::io("read", &path, source);
        let length = file.metadata().map_err(failed)?.len();
        match read_stream(file, length, max_bytes).map_err(failed)? {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(DirectoryError::TooLarge { path, max_bytes }),
        }
    }

    /// Puts `bytes` in place of a file: written aside, flushed to disk, renamed.
    ///
    /// # Errors
    /// [`DirectoryError`]; the old file stands there then, or the new one if only the directory could not be flushed.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), DirectoryError> {
        let failed = |source| DirectoryError::io("write", &self.path.join(name), source);
        self.act(|| {
            let handle = self.handle.try_clone().map_err(failed)?;
            let aside = format!("{name}{ASIDE_SUFFIX}").into();
            let mut replacement = Replacement::begin_in(handle, name.into(), aside).map_err(failed)?;
            replacement.write_all(bytes).map_err(failed)?;
            replacement.commit(FILE_MODE.bits()).map_err(failed)
        })
    }

    /// Writes a new file; one of this name, left by a process that died, is removed before.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn write_new(&self, name: &str, bytes: &[u8]) -> Result<(), DirectoryError> {
        self.remove(name)?;
        let path = self.path.join(name);
        let failed = |source| DirectoryError::io("write", &path, source);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let mut file =
            self.open_file(name, flags)?.ok_or_else(|| DirectoryError::io("make", &path, Errno::NOENT))?;
        fault::point().map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        self.seal(name, &file)
    }

    /// Gives a written file its permissions, whatever the umask is, and flushes it to disk.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn seal(&self, name: &str, file: &File) -> Result<(), DirectoryError> {
        let path = self.path.join(name);
        fchmod(file, FILE_MODE).map_err(|error| DirectoryError::io("write", &path, error))?;
        fault::point()
            .and_then(|()| file.sync_all())
            .map_err(|source| DirectoryError::io("write", &path, source))
    }

    /// Moves a file that is flushed to disk into a directory of this program, replaces the file there and flushes that directory.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn rename(&self, from: &str, directory: &Self, to: &str) -> Result<(), DirectoryError> {
        let path = directory.path.join(to);
        let failed = |source| DirectoryError::io("replace", &path, source);
        fault::point().map_err(failed)?;
        self.act(|| {
            renameat(&self.handle, from, &directory.handle, to).map_err(|error| failed(error.into()))
        })?;
        directory.sync()
    }

    /// Removes a file, which need not exist.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn remove(&self, name: &str) -> Result<(), DirectoryError> {
        self.unlink(name, AtFlags::empty())
    }

    /// Removes a directory in it with its files, which need not exist.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn remove_below(&self, name: &str) -> Result<(), DirectoryError> {
        let Some(below) = self.below(name)? else { return Ok(()) };
        for name in below.names()? {
            below.remove(&name)?;
        }
        self.unlink(name, AtFlags::REMOVEDIR)
    }

    fn unlink(&self, name: &str, flags: AtFlags) -> Result<(), DirectoryError> {
        let failed = |source| DirectoryError::io("remove", &self.path.join(name), source);
        fault::point().map_err(failed)?;
        self.act(|| match unlinkat(&self.handle, name, flags) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(failed(error.into())),
        })
    }

    /// The names of everything in it, sorted.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn names(&self) -> Result<Vec<String>, DirectoryError> {
        let failed = |error: Errno| DirectoryError::io("list", &self.path, error);
        let mut names = Vec::new();
        for entry in self.act(|| Dir::read_from(&self.handle).map_err(failed))? {
            let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Flushes names to disk, so that a rename outlives a power cut.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn sync(&self) -> Result<(), DirectoryError> {
        fault::point()
            .and_then(|()| rustix::fs::fsync(&self.handle).map_err(Into::into))
            .map_err(|source| DirectoryError::io("flush", &self.path, source))
    }
}

fn open_directory(at: BorrowedFd<'_>, name: &Path, path: &Path) -> Result<Option<OwnedFd>, DirectoryError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(at, name, flags, Mode::empty()) {
        Ok(handle) => Ok(Some(handle)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(DirectoryError::opening(path, "directory", error)),
    }
}
