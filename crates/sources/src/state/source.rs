//! The directory of one source: its record, its lists, and the switch from one list to the next.

use std::fs::File;
use std::path::PathBuf;

use starttls_host::{ASIDE_SUFFIX, Directory, DirectoryError};
use starttls_policy::read::MAX_LIST_BYTES;
use starttls_trust::Digest;

use super::StateError;
use super::record::{self, KeptList, Record};
use crate::map::{Map, Reading};

/// The record.
const RECORD: &str = "state.json";

/// Marks a source that was forgotten on purpose, until a list is accepted of it again.
const FORGOTTEN: &str = "forgotten";

/// Holds downloads that have not ended.
const INCOMING: &str = "incoming";

/// Far more than a record has; it holds at most the texts of some relax orders.
const MAX_RECORD_BYTES: u64 = 64 << 20;

/// Far more than a proof bundle or a signature has; a clearsigned list is not kept as such.
pub(crate) const MAX_PROOF_BYTES: u64 = 32 << 20;

/// What is kept of one source.
#[derive(Debug)]
pub(crate) struct SourceDir {
    directory: Directory,
}

impl SourceDir {
    pub(super) fn new(directory: Directory) -> Self {
        Self { directory }
    }

    /// Reads the record; `None` when there is none yet.
    pub(crate) fn record(&self) -> Result<Option<Record>, StateError> {
        let Some(bytes) = self.directory.read(RECORD, MAX_RECORD_BYTES)? else { return Ok(None) };
        let path = || self.directory.path().join(RECORD);
        let damaged =
            |error: serde_json::Error| StateError::Damaged { path: path(), reason: error.to_string() };
        let form: Form = serde_json::from_slice(&bytes).map_err(damaged)?;
        if form.version != record::FORM {
            return Err(StateError::Later { path: path(), version: form.version });
        }
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }

    /// Puts a record in force, whose lists and proofs must be there; then removes what belongs to no record.
    ///
    /// # Errors
    /// When it cannot be written, or when the directory remembers something newer than `record` grew from.
    pub(crate) fn switch(&self, record: &mut Record) -> Result<(), StateError> {
        if let Some(old) = self.record()?
            && (old.revision != record.revision
                || (old.trust == record.trust
                    && old.anchor == record.anchor
                    && old.serial() > record.serial()))
        {
            return Err(StateError::Backwards { path: self.directory.path().join(RECORD) });
        }
        record.revision += 1;
        let mut text = serde_json::to_vec_pretty(record)
            .map_err(|error| StateError::io("write", &self.directory.path().join(RECORD), error))?;
        text.push(b'\n');
        self.directory.replace(RECORD, &text)?;
        if record.list.is_some() && self.is_forgotten()? {
            self.directory.remove(FORGOTTEN)?;
        }
        self.sweep(record)
    }

    /// Tells whether it was forgotten on purpose, and nothing was accepted since.
    pub(crate) fn is_forgotten(&self) -> Result<bool, StateError> {
        Ok(self.directory.open_to_read(FORGOTTEN)?.is_some())
    }

    /// Removes the record, which alone decides what is in force, and then the lists and proofs; tells whether there was a record.
    pub(super) fn forget(&self) -> Result<bool, StateError> {
        let was_there = self.directory.open_to_read(RECORD)?.is_some();
        // Before the record goes, so that its absence is never taken for an accident.
        self.directory.replace(FORGOTTEN, b"")?;
        self.directory.remove(RECORD)?;
        self.directory.sync()?;
        self.sweep_but(&[])?;
        Ok(was_there)
    }

    /// Removes lists and proofs that belong to no record, and what runs that died left.
    pub(crate) fn sweep(&self, record: &Record) -> Result<(), StateError> {
        self.sweep_but(&record.files())
    }

    fn sweep_but(&self, files: &[String]) -> Result<(), StateError> {
        for name in self.directory.names()? {
            let is_ours = ["list-", "proof-", "index-"].iter().any(|front| name.starts_with(front));
            if name.ends_with(ASIDE_SUFFIX) || (is_ours && !files.contains(&name)) {
                self.directory.remove(&name)?;
            }
        }
        Ok(())
    }

    /// Reads a list that is kept, and proves that it is still the one that was accepted.
    pub(crate) fn list(&self, kept: &KeptList) -> Result<Vec<u8>, StateError> {
        self.verified(&kept.file(), &kept.sha256, MAX_LIST_BYTES)
    }

    /// The same without reading it into memory: it may be larger than that.
    fn is_list(&self, kept: &KeptList) -> bool {
        let Ok(Some(file)) = self.directory.open_to_read(&kept.file()) else { return false };
        Map::of(&file, Reading::Through).is_ok_and(|map| Digest::of(&map) == kept.sha256)
    }

    /// Reads what made a list believable; `None` when nothing did.
    pub(crate) fn proof(&self, kept: &KeptList) -> Result<Option<Vec<u8>>, StateError> {
        let (Some(file), Some(sha256)) = (kept.proof_file(), &kept.proof) else { return Ok(None) };
        self.verified(&file, sha256, MAX_PROOF_BYTES).map(Some)
    }

    fn verified(&self, name: &str, sha256: &Digest, max_bytes: u64) -> Result<Vec<u8>, StateError> {
        let path = self.directory.path().join(name);
        let Some(bytes) = self.directory.read(name, max_bytes)? else {
            return Err(StateError::Damaged { path, reason: "it is missing".into() });
        };
        if Digest::of(&bytes) != *sha256 {
            return Err(StateError::Damaged { path, reason: "its hash is another one".into() });
        }
        Ok(bytes)
    }

    /// Keeps a list's bytes; nothing changes before the next [`SourceDir::switch`].
    pub(crate) fn keep_list(&self, bytes: &[u8], sha256: &Digest) -> Result<(), StateError> {
        self.keep(&record::list_file(sha256), bytes)
    }

    /// Keeps what makes a list believable, likewise.
    pub(crate) fn keep_proof(&self, bytes: &[u8]) -> Result<Digest, StateError> {
        let sha256 = Digest::of(bytes);
        self.keep(&record::proof_file(&sha256), bytes)?;
        Ok(sha256)
    }

    /// Opens the compiled form of a list, if there is one.
    pub(crate) fn index(&self, sha256: &Digest) -> Result<Option<File>, StateError> {
        Ok(self.directory.open_to_read(&record::index_file(sha256))?)
    }

    /// Keeps the compiled form of a list.
    pub(crate) fn keep_index(&self, bytes: &[u8], sha256: &Digest) -> Result<(), StateError> {
        Ok(self.directory.replace(&record::index_file(sha256), bytes)?)
    }

    /// A file named by its hash either is complete or is not there: it comes by a rename.
    fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        if self.directory.read(name, bytes.len() as u64).is_ok_and(|found| found.as_deref() == Some(bytes)) {
            return Ok(());
        }
        Ok(self.directory.replace(name, bytes)?)
    }

    /// Where a list is downloaded to; what earlier runs left of others is removed.
    pub(crate) fn incoming(&self, sha256: &Digest) -> Result<Incoming, StateError> {
        let directory = self.directory.make_below(INCOMING)?;
        let name = sha256.to_string();
        for other in directory.names()?.iter().filter(|other| !other.starts_with(&name)) {
            directory.remove(other)?;
        }
        Ok(Incoming { directory, name })
    }

    /// Tells whether a kept list is there and is the one that was accepted.
    pub(crate) fn list_is_whole(&self, kept: Option<&KeptList>) -> bool {
        kept.is_some_and(|kept| self.is_list(kept))
    }

    /// A kept list that has the right hash and cannot be read: an older release of ours could.
    pub(crate) fn list_damaged(&self, kept: &KeptList, reason: String) -> StateError {
        StateError::Damaged { path: self.directory.path().join(kept.file()), reason }
    }

    /// A fetch that our own disk did not take.
    pub(crate) fn disk_failed(&self, reason: String, kind: std::io::ErrorKind) -> StateError {
        let source = std::io::Error::new(kind, reason);
        StateError::Io { action: "download to", path: self.directory.path().join(INCOMING), source }
    }

    /// Where the bare repository is, or will be.
    pub(crate) fn repository(&self) -> Result<PathBuf, StateError> {
        Ok(self.directory.make_below("git")?.path().to_owned())
    }

    /// The directory itself.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }
}

/// The place of a download.
#[derive(Debug)]
pub(crate) struct Incoming {
    directory: Directory,
    name: String,
}

impl Incoming {
    /// The file that will appear.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join(&self.name)
    }

    /// Does some work as the user to whom the state directory belongs: what puts a file at [`Incoming::path`].
    pub(crate) fn act<T>(&self, work: impl FnOnce() -> Result<T, StateError>) -> Result<T, StateError> {
        self.directory.act(work)
    }

    /// Writes it at once, where nothing needs to be fetched.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), StateError> {
        Ok(self.directory.write_new(&self.name, bytes)?)
    }

    /// Its bytes, if they are all there and the right ones.
    pub(crate) fn finished(&self, size: u64, sha256: &Digest) -> Result<Option<Vec<u8>>, StateError> {
        let bytes = match self.directory.read(&self.name, size) {
            Err(DirectoryError::TooLarge { .. }) => None,
            other => other?,
        };
        Ok(bytes.filter(|bytes| bytes.len() as u64 == size && Digest::of(bytes) == *sha256))
    }

    /// Makes it a kept list; nothing changes before the next [`SourceDir::switch`].
    pub(crate) fn keep(&self, source: &SourceDir, sha256: &Digest) -> Result<(), StateError> {
        if let Some(file) = self.directory.open_to_read(&self.name)? {
            self.directory.seal(&self.name, &file)?;
        }
        Ok(self.directory.rename(&self.name, &source.directory, &record::list_file(sha256))?)
    }

    /// Throws it away: what came was not what was to come.
    pub(crate) fn discard(&self) -> Result<(), StateError> {
        Ok(self.directory.remove(&self.name)?)
    }
}

/// The member by which forms are told apart.
#[derive(serde::Deserialize)]
struct Form {
    version: u64,
}
