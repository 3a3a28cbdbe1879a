//! The directory of one source: its record, its lists, and the switch from one list to the next.

use std::fs::File;
use std::path::PathBuf;

use starttls_policy::read::MAX_LIST_BYTES;
use starttls_trust::Digest;

use super::directory::ASIDE;
use super::record::{self, KeptList, Record};
use super::{Directory, StateError};

/// The record.
const RECORD: &str = "state.json";

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
        self.sweep(record)
    }

    /// Removes lists and proofs that belong to no record, and what runs that died left.
    pub(crate) fn sweep(&self, record: &Record) -> Result<(), StateError> {
        let files = record.files();
        for name in self.directory.names()? {
            let is_ours = name.starts_with("list-") || name.starts_with("proof-");
            if name.ends_with(ASIDE) || (is_ours && !files.contains(&name)) {
                self.directory.remove(&name)?;
            }
        }
        Ok(())
    }

    /// Reads a list that is kept, and proves that it is still the one that was accepted.
    pub(crate) fn list(&self, kept: &KeptList) -> Result<Vec<u8>, StateError> {
        self.verified(&kept.file(), &kept.sha256, MAX_LIST_BYTES)
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

    /// A file named by its hash either is complete or is not there: it comes by a rename.
    fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        if self.directory.read(name, bytes.len() as u64).is_ok_and(|found| found.as_deref() == Some(bytes)) {
            return Ok(());
        }
        self.directory.replace(name, bytes)
    }

    /// Opens the part of a download that is there already, or a new one.
    pub(crate) fn part(&self, sha256: &Digest) -> Result<Part, StateError> {
        let incoming = self.directory.make_below(INCOMING)?;
        let name = format!("{sha256}.part");
        // Whatever else is there will not be gone on with.
        for other in incoming.names()?.iter().filter(|other| **other != name) {
            incoming.remove(other)?;
        }
        let file = incoming.open_to_write(&name)?;
        Ok(Part { incoming, name, file })
    }

    /// Where the bare repository is, or will be.
    pub(crate) fn repository(&self) -> PathBuf {
        self.directory.path().join("git")
    }

    /// The directory itself.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }
}

/// A download that has not ended.
#[derive(Debug)]
pub(crate) struct Part {
    incoming: Directory,
    name: String,
    /// What is there of it.
    pub(crate) file: File,
}

impl Part {
    /// Makes the finished download a kept list; nothing changes before the next [`SourceDir::switch`].
    pub(crate) fn keep(self, source: &SourceDir, sha256: &Digest) -> Result<(), StateError> {
        self.incoming.seal(&self.name, &self.file)?;
        self.incoming.rename(&self.name, &source.directory, &record::list_file(sha256))
    }

    /// Throws it away: what came was not what was to come.
    pub(crate) fn discard(self) -> Result<(), StateError> {
        self.incoming.remove(&self.name)
    }
}

/// The member by which forms are told apart.
#[derive(serde::Deserialize)]
struct Form {
    version: u64,
}
