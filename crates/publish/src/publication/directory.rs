//! The published directory: everything under the name of its hash first, `proof.json` last.
//!
//! A reader that holds the old `proof.json` finds all that it names, and one that sees the new one finds all of that.
//!
//! Spec: docs/list-distribution.md, "What is published".

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use starttls_host::ReadError;
use starttls_policy::read::MAX_LIST_BYTES;
use starttls_policy::{List, read};
use starttls_trust::bundle::MAX_BUNDLE_BYTES;
use starttls_trust::document::{ListStatement, RelaxSet};
use starttls_trust::log::Checkpoint;
use starttls_trust::{Bundle, Digest, SignedNote};

use super::PublishError;
use crate::file::{self, FileError};

/// The directory, open for one run at a time, with what is published there now.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    bundle: Option<Bundle>,
    _lock: File,
}

impl Directory {
    pub(super) fn open(path: &Path) -> Result<Self, PublishError> {
        let lock = lock(path)?;
        let bytes = file::read_if_exists(&path.join("proof.json"), MAX_BUNDLE_BYTES)?;
        let bundle = bytes.map(|bytes| Bundle::parse(&bytes)).transpose()?;
        Ok(Self { path: path.into(), bundle, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What is published; `None` before the first time.
    pub(super) const fn bundle(&self) -> Option<&Bundle> {
        self.bundle.as_ref()
    }

    pub(super) fn checkpoint(&self) -> Result<Option<Checkpoint>, PublishError> {
        let Some(bundle) = &self.bundle else { return Ok(None) };
        let note = SignedNote::parse(bundle.checkpoint.as_bytes())?;
        Ok(Some(Checkpoint::parse(note.text())?))
    }

    pub(super) fn statement(&self) -> Result<Option<ListStatement>, PublishError> {
        let Some(bundle) = &self.bundle else { return Ok(None) };
        let note = SignedNote::parse(bundle.list.as_bytes())?;
        Ok(Some(ListStatement::parse(note.text())?))
    }

    pub(super) fn relax_set(&self) -> Result<RelaxSet, PublishError> {
        Ok(self.bundle.as_ref().map(|bundle| RelaxSet::parse(&bundle.relax)).transpose()?.unwrap_or_default())
    }

    /// A list that is published, and its bytes.
    pub(super) fn list(&self, sha256: Digest) -> Result<(List, Vec<u8>), PublishError> {
        let bytes = file::read(&self.path.join(format!("list/{sha256}.json")), MAX_LIST_BYTES)?;
        let list = read::list(&bytes).ok().filter(|_| Digest::of(&bytes) == sha256);
        Ok((list.ok_or(PublishError::PublishedList { sha256 })?, bytes))
    }

    /// Puts the checkpoint and the bundle in place; the one moment at which clients see something new.
    pub(super) fn put_proof(&self, bundle: &Bundle) -> Result<(), PublishError> {
        self.write("checkpoint", bundle.checkpoint.as_bytes())?;
        self.write("proof.json", bundle.to_text().as_bytes())
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), PublishError> {
        let path = self.path.join(name);
        file::make_parent(&path)?;
        if !is_there(&path, bytes) {
            file::replace(&path, bytes)?;
        }
        Ok(())
    }

    /// For files that are named by their hash: one of the right size is right, since it was renamed into place whole.
    pub(super) fn write_once(&self, name: &str, bytes: &[u8]) -> Result<(), PublishError> {
        let path = self.path.join(name);
        let size = fs::metadata(&path).map(|metadata| metadata.len()).ok();
        if size == Some(crate::build::number(bytes.len())) { Ok(()) } else { self.write(name, bytes) }
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), PublishError> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(FileError::Write { path, source }.into())
            }
            _ => Ok(()),
        }
    }
}

/// Locks a directory against other runs, until the returned file is closed.
pub(super) fn lock(path: &Path) -> Result<File, PublishError> {
    let failed = |source| FileError::Write { path: path.into(), source };
    fs::create_dir_all(path).map_err(failed)?;
    let file = File::open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PublishError::Busy { path: path.into() }),
        Err(TryLockError::Error(error)) => Err(failed(error).into()),
    }
}

/// Tells whether a file has these bytes already, so that mirrors need not fetch it again.
pub(super) fn is_there(path: &Path, bytes: &[u8]) -> bool {
    let max_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    file::read_if_exists(path, max_bytes).is_ok_and(|there| there.as_deref() == Some(bytes))
}

/// Copies files that are not there, or are of a tree that was never signed; all of them are small.
pub(super) fn copy_tree(from: &Path, to: &Path) -> Result<(), FileError> {
    let failed = |source| FileError::Read(ReadError::Io { path: from.into(), source });
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().map_err(failed)?.is_dir() {
            copy_tree(&from, &to)?;
            continue;
        }
        let bytes = file::read(&from, starttls_trust::log::MAX_ENTRIES_BYTES)?;
        if !is_there(&to, &bytes) {
            file::make_parent(&to)?;
            file::replace(&to, &bytes)?;
        }
    }
    Ok(())
}
