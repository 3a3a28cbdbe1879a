//! The overrides file on disk: read and appended under one lock, never through a symbolic link, never half.
//!
//! An append is one line, flushed before it counts. If it fails, the file is cut back; if even that fails, or the
//! machine dies, the torn end has no line end, is not counted by any reader and is cut off by the next append.

use std::fs::{self, DirBuilder, File, Metadata, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::io::Errno;

use starttls_host::{ForeignFile, Owner, SwitchError};

use super::journal::{Journal, JournalError, MAX_JOURNAL_BYTES};
use super::record::Record;

/// The file's name in the state directory.
pub const FILE: &str = "overrides.jsonl";

/// Its mode: whoever belongs to the owner's group may read who overrode what.
const MODE: u32 = 0o640;

/// The state directory's mode, where it has to be made.
const DIRECTORY_MODE: u32 = 0o750;

/// Whoever holds the lock writes one line; nobody needs it longer.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How often the lock is tried again.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Why overrides cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system says no.
    #[error("cannot {deed} {}", path.display())]
    Io {
        /// What was tried: `open`, `read`, `write`, `make`, `lock`.
        deed: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// The state directory is on a read-only file system, or belongs to somebody else.
    #[error("cannot {deed} {}: {why}", path.display())]
    Denied {
        /// What was tried.
        deed: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// In words, with the cure.
        why: &'static str,
    },
    /// It belongs to another user than the state directory.
    #[error("cannot {deed} {}: {foreign}", path.display())]
    Foreign {
        /// What was tried.
        deed: &'static str,
        /// The file.
        path: PathBuf,
        /// What stands in the way.
        foreign: ForeignFile,
    },
    /// Root may not act as the user to whom the state directory belongs.
    #[error(transparent)]
    Switch(#[from] SwitchError),
    /// A symbolic link, a directory, a pipe.
    #[error("{} is no plain file; move it away and look who put it there", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Everybody could add overrides.
    #[error("everybody on this machine can write {}; look at what it says, then `chmod 640` it", path.display())]
    WritableByAll {
        /// The file.
        path: PathBuf,
    },
    /// More than [`MAX_JOURNAL_BYTES`].
    #[error("{} is larger than {} MiB", path.display(), MAX_JOURNAL_BYTES >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Somebody holds the lock.
    #[error("{} is locked by another run for more than {} seconds", path.display(), LOCK_WAIT.as_secs())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A line that this program did not write.
    #[error("{}: {error}; correct the line or remove it", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and what.
        error: JournalError,
    },
}

/// Reads all overrides of a state directory; where there is no directory or no file there are none.
///
/// # Errors
/// [`FileError`].
pub fn read(state_dir: &Path) -> Result<Journal, FileError> {
    owner(state_dir)?.act(|| read_as_owner(state_dir))?
}

/// The user to whom the state directory belongs: as root, the file is read and written as that user.
fn owner(state_dir: &Path) -> Result<Owner, FileError> {
    Owner::of_path(state_dir).map_err(|source| denied("read", state_dir, source))
}

fn read_as_owner(state_dir: &Path) -> Result<Journal, FileError> {
    let path = state_dir.join(FILE);
    let file = match open(File::options().read(true), &path) {
        Err(FileError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return Ok(Journal::default());
        }
        other => other?,
    };
    lock(&path, || file.try_lock_shared())?;
    parse(&file, &path).map(|(journal, _)| journal)
}

/// Adds a line, after `check` has seen what stands in the file; returns what stood there.
///
/// The state directory is made if only it is missing. A torn end is cut off before.
///
/// # Errors
/// [`FileError`], and what `check` answers; nothing was added then.
pub fn append<E: From<FileError>>(
    state_dir: &Path,
    record: &Record,
    check: impl FnOnce(&Journal) -> Result<(), E>,
) -> Result<Journal, E> {
    make(state_dir)?;
    let appended = owner(state_dir)?.act(|| append_as_owner(state_dir, record, check));
    appended.map_err(FileError::from)?
}

fn append_as_owner<E: From<FileError>>(
    state_dir: &Path,
    record: &Record,
    check: impl FnOnce(&Journal) -> Result<(), E>,
) -> Result<Journal, E> {
    let path = state_dir.join(FILE);
    let is_new = !path.exists();
    let mut file = open(File::options().read(true).append(true).create(true).mode(MODE), &path)?;
    lock(&path, || file.try_lock())?;
    let (journal, length) = parse(&file, &path)?;
    check(&journal)?;
    let complete = length.saturating_sub(journal.torn_bytes);
    write(&mut file, complete, journal.torn_bytes, &record.render()).map_err(|source| FileError::Io {
        deed: "write",
        path: path.clone(),
        source,
    })?;
    if is_new {
        let synced = File::open(state_dir).and_then(|directory| directory.sync_all());
        synced.map_err(|source| FileError::Io { deed: "write", path: state_dir.to_owned(), source })?;
    }
    Ok(journal)
}

fn write(file: &mut File, complete: u64, torn: u64, line: &str) -> io::Result<()> {
    if torn > 0 {
        file.set_len(complete)?;
    }
    let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // If this fails too, the torn end is left to the next append; the first error is the one to report.
        let _ = file.set_len(complete);
    }
    written
}

fn make(state_dir: &Path) -> Result<(), FileError> {
    match fs::metadata(state_dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let made = DirBuilder::new().mode(DIRECTORY_MODE).create(state_dir);
            match made {
                // Another run was quicker.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
                other => other.map_err(|source| denied("make", state_dir, source)),
            }
        }
        Err(source) => Err(denied("read", state_dir, source)),
        Ok(_) => Ok(()),
    }
}

/// Opens without following a link and without waiting for the other end of a pipe.
fn open(options: &mut fs::OpenOptions, path: &Path) -> Result<File, FileError> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = options.custom_flags(flags.bits().cast_signed()).open(path).map_err(|source| {
        // O_NOFOLLOW answers ELOOP, a directory opened for writing EISDIR, a pipe without a reader ENXIO.
        match Errno::from_io_error(&source) {
            Some(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => FileError::NotAFile { path: path.to_owned() },
            _ => denied("open", path, source),
        }
    })?;
    let metadata = file.metadata().map_err(|source| denied("read", path, source))?;
    check(&metadata, path)?;
    Ok(file)
}

fn check(metadata: &Metadata, path: &Path) -> Result<(), FileError> {
    if !metadata.is_file() {
        return Err(FileError::NotAFile { path: path.to_owned() });
    }
    if metadata.mode() & 0o002 != 0 {
        return Err(FileError::WritableByAll { path: path.to_owned() });
    }
    if metadata.len() > MAX_JOURNAL_BYTES {
        return Err(FileError::TooLarge { path: path.to_owned() });
    }
    Ok(())
}

fn denied(deed: &'static str, path: &Path, source: io::Error) -> FileError {
    let path = path.to_owned();
    if source.kind() == ErrorKind::PermissionDenied
        && let Some(foreign) = ForeignFile::behind(&path)
    {
        return FileError::Foreign { deed, path, foreign };
    }
    match source.kind() {
        ErrorKind::ReadOnlyFilesystem => FileError::Denied {
            deed,
            path,
            why: "its file system is read-only; mount it writable or name another `--state-dir`",
        },
        ErrorKind::PermissionDenied => FileError::Denied {
            deed,
            path,
            why: "permission denied; run this as the owner of the state directory, as with sudo",
        },
        _ => FileError::Io { deed, path, source },
    }
}

/// Takes a lock that others hold for moments only.
fn lock(path: &Path, take: impl Fn() -> Result<(), TryLockError>) -> Result<(), FileError> {
    let start = Instant::now();
    loop {
        match take() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_WAIT => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => return Err(FileError::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => {
                return Err(FileError::Io { deed: "lock", path: path.to_owned(), source });
            }
        }
    }
}

/// What the file says, and its length.
fn parse(file: &File, path: &Path) -> Result<(Journal, u64), FileError> {
    let bytes = starttls_host::read_stream(file, 0, MAX_JOURNAL_BYTES)
        .map_err(|source| FileError::Io { deed: "read", path: path.to_owned(), source })?
        .ok_or_else(|| FileError::TooLarge { path: path.to_owned() })?;
    let journal = Journal::parse(&bytes);
    let journal = journal.map_err(|error| FileError::Malformed { path: path.to_owned(), error })?;
    Ok((journal, bytes.len() as u64))
}
