//! A published directory, looked over whole: its log computed anew from the leaves, and everything compared with that.
//!
//! Clients read the few parts that they need; this is for whoever watches a log, and for mirrors that want to know
//! whether they are whole.
//!
//! Spec: docs/list-distribution.md, "What is published", "The log"; C2SP tlog-tiles.

mod manifests;
mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use starttls_host::ReadError;
use starttls_policy::Timestamp;
use starttls_policy::read::MAX_LIST_BYTES;
use starttls_trust::document::{Leaf, LeafKind, ListStatement, Root};
use starttls_trust::log::{Checkpoint, TreeHead, quorum_time};
use starttls_trust::note::MAX_NOTE_BYTES;
use starttls_trust::{Digest, Document, SignedNote};

use crate::file::{self, FileError};
use manifests::Manifests;

/// What was looked over, and what is wrong with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// The log's name.
    pub origin: String,
    /// The tree of its checkpoint.
    pub head: TreeHead,
    /// Leaves of each kind, by name.
    pub leaves: Vec<(&'static str, u64)>,
    /// Tiles and bundles compared.
    pub files: u64,
    /// When the root's quorum of witnesses vouched for it; `None` without a root or below quorum.
    pub quorum_time: Option<Timestamp>,
    /// Everything that is not as it should be; empty when all is well.
    pub mismatches: Vec<Mismatch>,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{path}: {fact}")]
pub struct Mismatch {
    /// Within the directory.
    pub path: String,
    /// What is wrong.
    pub fact: String,
}

/// Why nothing could be looked over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// There is no checkpoint.
    #[error(transparent)]
    File(#[from] FileError),
}

/// More leaves than a log of this project has in centuries, and as many as fit in memory.
const MAX_AUDIT_LEAVES: u64 = 1 << 20;

/// More mismatches say nothing new.
const MAX_MISMATCHES: usize = 100;

/// Looks over a published directory. With a root its log key and witnesses are held against the checkpoint.
///
/// # Errors
/// [`AuditError`] when there is nothing to begin with; all else is a [`Mismatch`].
pub fn audit(directory: &Path, root: Option<&Root>) -> Result<Audit, AuditError> {
    let max_note = u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX);
    let bytes = file::read(&directory.join("checkpoint"), max_note)?;
    let mut auditor = Auditor { directory: directory.into(), mismatches: Vec::new() };
    let mut audit = Audit {
        origin: String::new(),
        head: TreeHead::EMPTY,
        leaves: Vec::new(),
        files: 0,
        quorum_time: None,
        mismatches: Vec::new(),
    };
    if let Some(checkpoint) = auditor.checkpoint(&bytes, root, &mut audit) {
        auditor.log(&checkpoint, &mut audit);
        audit.origin = checkpoint.origin;
    }
    audit.mismatches = auditor.mismatches;
    Ok(audit)
}

/// The directory, and what was found wrong in it so far.
struct Auditor {
    directory: PathBuf,
    mismatches: Vec<Mismatch>,
}

impl Auditor {
    fn wrong(&mut self, path: impl Into<String>, fact: impl Into<String>) {
        if self.mismatches.len() < MAX_MISMATCHES {
            self.mismatches.push(Mismatch { path: path.into(), fact: fact.into() });
        }
    }

    /// A file's bytes; one that cannot be read is a mismatch.
    fn read(&mut self, path: &str, max_bytes: u64) -> Option<Vec<u8>> {
        match file::read(&self.directory.join(path), max_bytes) {
            Ok(bytes) => Some(bytes),
            Err(FileError::Read(ReadError::Missing { source, .. } | ReadError::Io { source, .. })) => {
                self.wrong(path, source.to_string());
                None
            }
            Err(FileError::Read(ReadError::TooLarge { max_bytes, .. })) => {
                self.wrong(path, format!("larger than {max_bytes} bytes"));
                None
            }
            Err(error) => {
                self.wrong(path, error.to_string());
                None
            }
        }
    }

    fn checkpoint(&mut self, bytes: &[u8], root: Option<&Root>, audit: &mut Audit) -> Option<Checkpoint> {
        const PATH: &str = "checkpoint";
        let note = SignedNote::parse(bytes).map_err(|error| self.wrong(PATH, error.to_string())).ok()?;
        let read = match root {
            Some(root) => Checkpoint::verified(&note, &root.log.key),
            None => Checkpoint::parse(note.text()),
        };
        let checkpoint = read.map_err(|error| self.wrong(PATH, error.to_string())).ok()?;
        audit.head = checkpoint.head();
        if let Some(root) = root {
            match quorum_time(root, &note) {
                Ok(Some(time)) => audit.quorum_time = Some(time),
                Ok(None) => {
                    self.wrong(PATH, "fewer witnesses' organisations than the root's quorum cosigned it");
                }
                Err(error) => self.wrong(PATH, error.to_string()),
            }
        }
        if checkpoint.size > MAX_AUDIT_LEAVES {
            self.wrong(PATH, format!("{} leaves are more than can be looked over", checkpoint.size));
            return None;
        }
        Some(checkpoint)
    }

    fn log(&mut self, checkpoint: &Checkpoint, audit: &mut Audit) {
        let Some(leaves) = self.leaves(checkpoint.size) else { return };
        audit.files = self.tree(checkpoint, &leaves);
        let (mut manifests, mut counts) = (Manifests::default(), [0; 5]);
        let mut logged = BTreeSet::new();
        let mut ends_with_manifest = false;
        for (index, leaf) in (0_u64..).zip(&leaves) {
            let place = format!("leaf {index}");
            ends_with_manifest = false;
            let document = core::str::from_utf8(leaf).map_err(|_| "no text".to_owned());
            match document.and_then(|text| Document::parse(text).map_err(|error| error.to_string())) {
                Ok(Document::Leaf(leaf)) => {
                    count(&mut counts, 1 + kind_place(leaf.kind));
                    logged.insert(leaf.sha256);
                    self.document(&place, leaf);
                }
                Ok(Document::Manifest(manifest)) => {
                    count(&mut counts, 0);
                    ends_with_manifest = true;
                    for fact in manifests.next(&manifest, &logged) {
                        self.wrong(&place, fact);
                    }
                }
                Ok(other) => self.wrong(&place, format!("a `{}` is no leaf", other.type_name())),
                Err(fact) => self.wrong(&place, fact),
            }
        }
        if !ends_with_manifest {
            self.wrong("checkpoint", "the log does not end with a manifest");
        }
        let names = ["manifests", "roots", "list statements", "relax orders", "cancelled relax orders"];
        audit.leaves = names.into_iter().zip(counts).collect();
        self.list_in_force(&manifests);
    }

    /// What a leaf names must be published, and be of the kind that the leaf says.
    fn document(&mut self, place: &str, leaf: Leaf) {
        let path = format!("note/{}", leaf.sha256);
        let max_note = u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX);
        let Some(bytes) = self.read(&path, max_note) else { return };
        let Ok(note) = SignedNote::parse(&bytes) else { return self.wrong(path, "no signed note") };
        if Digest::of(note.text().as_bytes()) != leaf.sha256 {
            return self.wrong(path, format!("its text is not the one that {place} names"));
        }
        let is_fit = match Document::parse(note.text()) {
            Ok(Document::Root(_)) => leaf.kind == LeafKind::Root,
            Ok(Document::List(_)) => leaf.kind == LeafKind::List,
            Ok(Document::Relax(_)) => leaf.kind == LeafKind::Relax,
            Ok(Document::RelaxCancel(_)) => leaf.kind == LeafKind::RelaxCancel,
            Ok(_) => false,
            Err(error) => return self.wrong(path, error.to_string()),
        };
        if !is_fit {
            self.wrong(path, format!("{place} says that it is a {}", leaf.kind));
        }
    }

    /// The list that the last manifest names, with its statement's size and hash.
    fn list_in_force(&mut self, manifests: &Manifests) {
        let Some(manifest) = manifests.last() else { return };
        let path = format!("list/{}.json", manifest.list.sha256);
        let Some(bytes) = self.read(&path, MAX_LIST_BYTES) else { return };
        if Digest::of(&bytes) != manifest.list.sha256 {
            self.wrong(&path, "its bytes have another hash");
        }
        let statement = format!("note/{}", manifest.list.statement);
        let max_note = u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX);
        let Some(note) = self.read(&statement, max_note) else { return };
        let parsed = SignedNote::parse(&note).ok().and_then(|note| ListStatement::parse(note.text()).ok());
        match parsed {
            Some(said) if (said.sha256, said.serial) != (manifest.list.sha256, manifest.list.serial) => {
                self.wrong(statement, "not the statement of the list that the manifest names");
            }
            Some(said) if Some(said.size) != u64::try_from(bytes.len()).ok() => {
                self.wrong(path, format!("{} bytes; its statement says {}", bytes.len(), said.size));
            }
            Some(_) => {}
            None => self.wrong(statement, "no list statement"),
        }
    }
}

const fn kind_place(kind: LeafKind) -> usize {
    match kind {
        LeafKind::Root => 0,
        LeafKind::List => 1,
        LeafKind::Relax => 2,
        LeafKind::RelaxCancel => 3,
    }
}

fn count(counts: &mut [u64; 5], place: usize) {
    if let Some(count) = counts.get_mut(place) {
        *count += 1;
    }
}

#[cfg(test)]
mod tests;
