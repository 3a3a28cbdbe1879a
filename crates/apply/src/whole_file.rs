//! Files that are replaced whole: a reader sees the old bytes or the new ones.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use starttls_host::fault;

/// Ends the name of a file that is being written; one that is found belongs to a run that died.
pub(crate) const SUFFIX: &str = ".starttls-new";

/// Puts `bytes` in place of `path` with the given mode: written aside, flushed to disk, renamed.
///
/// # Errors
/// What the system answers; `path` is untouched then.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let aside = aside(path)?;
    let written = write_aside(&aside, bytes, mode).and_then(|()| {
        fault::point()?;
        fs::rename(&aside, path)
    });
    if written.is_err() {
        // What is left is overwritten by the next run; the first error is the one to report.
        let _ = fs::remove_file(&aside);
    }
    written?;
    sync_parent(path)
}

/// Removes a file, and what a run that died while replacing it left; neither need be there.
///
/// # Errors
/// What the system answers.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    remove_leftover(path)?;
    remove_one(path)
}

/// Removes what a run that died while replacing `path` left.
///
/// # Errors
/// What the system answers.
pub(crate) fn remove_leftover(path: &Path) -> io::Result<()> {
    remove_one(&aside(path)?)
}

/// Flushes the directory that holds `path`, so that a rename in it outlives a power cut.
///
/// # Errors
/// What the system answers.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    fault::point()?;
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn write_aside(aside: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    remove_one(aside)?;
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(aside)?;
    fault::point()?;
    file.write_all(bytes)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

fn remove_one(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn aside(path: &Path) -> io::Result<PathBuf> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(SUFFIX);
    Ok(path.with_file_name(name))
}
