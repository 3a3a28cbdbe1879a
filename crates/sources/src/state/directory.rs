//! One directory of ours, held open: names below it are opened from there, and symbolic links are refused.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, fchmod, fstat, mkdirat, openat, renameat, unlinkat,
};
use rustix::io::Errno;

use super::{Owner, StateError};
use crate::fault;

/// Directories: ours, and to be read by our group.
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o750);
/// Files likewise.
const FILE_MODE: Mode = Mode::from_raw_mode(0o640);

/// Ends the name of a file that is being written; one that is found belongs to a run that died.
pub(super) const ASIDE: &str = ".new";

/// A directory that is held open.
#[derive(Debug)]
pub(crate) struct Directory {
    handle: OwnedFd,
    /// As whom everything below is accessed.
    owner: Owner,
    /// For messages, and for programs that want a path.
    path: PathBuf,
}

impl Directory {
    /// Opens the topmost directory, which others must not be able to write.
    pub(super) fn open(path: &Path) -> Result<Self, StateError> {
        let path = &std::path::absolute(path).map_err(|source| StateError::io("find", path, source))?;
        let opened = open_directory(CWD, path, path)?;
        let handle = opened.ok_or_else(|| StateError::Missing { path: path.clone() })?;
        let stat = fstat(&handle).map_err(|error| StateError::io("look at", path, error))?;
        let owner = Owner::of(stat.st_uid, stat.st_gid);
        let directory = Self { handle, owner, path: path.clone() };
        directory.check_mode()?;
        Ok(directory)
    }

    /// Opens the topmost directory, and makes it before if it is missing.
    pub(super) fn make(path: &Path) -> Result<Self, StateError> {
        match mkdirat(CWD, path, DIRECTORY_MODE) {
            Ok(()) | Err(Errno::EXIST) => Self::open(path),
            Err(Errno::NOENT) => Err(StateError::NoParent { path: path.to_owned() }),
            Err(error) => Err(StateError::io("make", path, error)),
        }
    }

    /// Does some work as the user to whom the topmost directory belongs.
    pub(crate) fn act<T>(&self, work: impl FnOnce() -> Result<T, StateError>) -> Result<T, StateError> {
        self.owner.act(work)?
    }

    /// Opens a directory below; `None` when there is none.
    pub(crate) fn below(&self, name: &str) -> Result<Option<Self>, StateError> {
        let path = self.path.join(name);
        let handle = self.act(|| open_directory(self.handle.as_fd(), Path::new(name), &path))?;
        Ok(handle.map(|handle| Self { handle, owner: self.owner, path }))
    }

    /// Opens a directory below, and makes it before if it is missing.
    pub(crate) fn make_below(&self, name: &str) -> Result<Self, StateError> {
        let path = self.path.join(name);
        self.act(|| match mkdirat(&self.handle, name, DIRECTORY_MODE) {
            Ok(()) => self.sync(),
            Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(StateError::io("make", &path, error)),
        })?;
        self.below(name)?.ok_or_else(|| StateError::io("make", &path, Errno::NOENT))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses to write into another user's directory: what we leave there, its owner could not read.
    pub(super) fn check_owner(&self) -> Result<(), StateError> {
        let stat = fstat(&self.handle).map_err(|error| StateError::io("look at", &self.path, error))?;
        let us = rustix::process::geteuid().as_raw();
        // Root acts as the owner.
        if stat.st_uid == us || self.owner.uid() == Some(stat.st_uid) {
            return Ok(());
        }
        Err(StateError::OtherOwner { path: self.path.clone(), owner: stat.st_uid, us })
    }

    fn check_mode(&self) -> Result<(), StateError> {
        let stat = fstat(&self.handle).map_err(|error| StateError::io("look at", &self.path, error))?;
        let mode = stat.st_mode & 0o7777;
        if mode & 0o022 != 0 {
            return Err(StateError::WritableByOthers { path: self.path.clone(), mode });
        }
        Ok(())
    }

    /// Opens a file to read; `None` when there is none.
    pub(crate) fn open_to_read(&self, name: &str) -> Result<Option<File>, StateError> {
        // Without waiting, so that a pipe put there cannot hold us up.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        self.open_file(name, flags)
    }

    /// Opens a file to read and write, as it is; it is made if it is missing.
    pub(crate) fn open_to_write(&self, name: &str) -> Result<File, StateError> {
        let opened = self.open_file(name, OFlags::RDWR | OFlags::CREATE | OFlags::NONBLOCK)?;
        opened.ok_or_else(|| StateError::io("make", &self.path.join(name), Errno::NOENT))
    }

    fn open_file(&self, name: &str, flags: OFlags) -> Result<Option<File>, StateError> {
        let path = self.path.join(name);
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = self.act(|| match openat(&self.handle, name, flags, FILE_MODE) {
            Ok(handle) => Ok(Some(handle)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(StateError::opening(&path, "file", error)),
        })?;
        let Some(handle) = opened else { return Ok(None) };
        let stat = fstat(&handle).map_err(|error| StateError::io("look at", &path, error))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(StateError::WrongKind { path, wanted: "file" });
        }
        Ok(Some(handle.into()))
    }

    /// Reads a whole file; `None` when there is none.
    pub(crate) fn read(&self, name: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, StateError> {
        let Some(file) = self.open_to_read(name)? else { return Ok(None) };
        let path = self.path.join(name);
        let failed = |source| StateError::io("read", &path, source);
        let length = file.metadata().map_err(failed)?.len();
        if length > max_bytes {
            return Err(StateError::TooLarge { path, max_bytes });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > max_bytes {
            return Err(StateError::TooLarge { path, max_bytes });
        }
        Ok(Some(bytes))
    }

    /// Puts `bytes` in place of a file: written aside, flushed to disk, renamed.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        let aside = format!("{name}{ASIDE}");
        let written = self.write_new(&aside, bytes).and_then(|()| self.rename(&aside, self, name));
        if written.is_err() {
            // The first error is the one to report.
            let _ = self.remove(&aside);
        }
        written
    }

    /// Writes a file that replaces whatever a run that died left under this name.
    pub(crate) fn write_new(&self, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        self.remove(name)?;
        let path = self.path.join(name);
        let failed = |source| StateError::io("write", &path, source);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let mut file =
            self.open_file(name, flags)?.ok_or_else(|| StateError::io("make", &path, Errno::NOENT))?;
        fault::point().map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        self.seal(name, &file)
    }

    /// Gives a file that was written its mode, whatever our umask is, and flushes it to disk.
    pub(crate) fn seal(&self, name: &str, file: &File) -> Result<(), StateError> {
        let path = self.path.join(name);
        fchmod(file, FILE_MODE).map_err(|error| StateError::io("write", &path, error))?;
        fault::point().and_then(|()| file.sync_all()).map_err(|source| StateError::io("write", &path, source))
    }

    /// Moves a file that is flushed to disk to a place of ours, replacing what is there; flushes that directory.
    pub(crate) fn rename(&self, from: &str, directory: &Self, to: &str) -> Result<(), StateError> {
        let path = directory.path.join(to);
        let failed = |source| StateError::io("replace", &path, source);
        fault::point().map_err(failed)?;
        self.act(|| {
            renameat(&self.handle, from, &directory.handle, to).map_err(|error| failed(error.into()))
        })?;
        directory.sync()
    }

    /// Removes a file, which need not be there.
    pub(crate) fn remove(&self, name: &str) -> Result<(), StateError> {
        self.unlink(name, AtFlags::empty())
    }

    /// Removes a directory below with the files in it, which need not be there.
    pub(crate) fn remove_below(&self, name: &str) -> Result<(), StateError> {
        let Some(below) = self.below(name)? else { return Ok(()) };
        for name in below.names()? {
            below.remove(&name)?;
        }
        self.unlink(name, AtFlags::REMOVEDIR)
    }

    fn unlink(&self, name: &str, flags: AtFlags) -> Result<(), StateError> {
        let failed = |source| StateError::io("remove", &self.path.join(name), source);
        fault::point().map_err(failed)?;
        self.act(|| match unlinkat(&self.handle, name, flags) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(failed(error.into())),
        })
    }

    /// Names of all that is in it, sorted.
    pub(crate) fn names(&self) -> Result<Vec<String>, StateError> {
        let failed = |error: Errno| StateError::io("list", &self.path, error);
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
    pub(crate) fn sync(&self) -> Result<(), StateError> {
        fault::point()
            .and_then(|()| rustix::fs::fsync(&self.handle).map_err(Into::into))
            .map_err(|source| StateError::io("flush", &self.path, source))
    }
}

fn open_directory(at: BorrowedFd<'_>, name: &Path, path: &Path) -> Result<Option<OwnedFd>, StateError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(at, name, flags, Mode::empty()) {
        Ok(handle) => Ok(Some(handle)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(StateError::opening(path, "directory", error)),
    }
}
