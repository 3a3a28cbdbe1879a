//! The log's home: a private directory with every leaf and tile, and the newest checkpoint that was ever signed.
//!
//! Tiles are written before the checkpoint, and the checkpoint is replaced whole: that rename is the moment from which on the
//! log has its new leaves, whatever becomes of the rest. Tiles of a tree that was never signed are overwritten.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use starttls_host::ReadError;
use starttls_trust::bundle::Node;
use starttls_trust::document::{Manifest, Root};
use starttls_trust::log::{
    self, Appender, Checkpoint, MAX_ENTRIES_BYTES, ReadTiles, TILE_WIDTH, TreeHead, entries_path,
    parse_entries,
};
use starttls_trust::note::MAX_NOTE_BYTES;
use starttls_trust::{Document, SignedNote, SigningKey};

use super::PublishError;
use super::directory::{Directory, lock};
use crate::file::{self, FileError};

/// A log, open for one run at a time.
#[derive(Debug)]
pub struct LogHome {
    path: PathBuf,
    key: SigningKey,
    checkpoint: Option<SignedNote>,
    head: TreeHead,
    /// Each leaf's text and the first place where it stands.
    leaves: BTreeMap<Vec<u8>, u64>,
    last: Vec<u8>,
    _lock: File,
}

/// Tiles below a directory.
#[derive(Debug)]
pub(super) struct TilesIn<'a>(pub(super) &'a Path);

impl ReadTiles for TilesIn<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        file::read(&self.0.join(path), MAX_ENTRIES_BYTES).map_err(|error| match error {
            FileError::Read(ReadError::Missing { source, .. } | ReadError::Io { source, .. }) => {
                source.to_string()
            }
            other => other.to_string(),
        })
    }
}

impl LogHome {
    /// Opens the home of the log that this key signs, or makes an empty one.
    ///
    /// # Errors
    /// [`PublishError`] when another run has it, or it is another log's.
    pub fn open(path: &Path, key: SigningKey) -> Result<Self, PublishError> {
        let lock = lock(path)?;
        let max_bytes = u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX);
        let note = file::read_if_exists(&path.join("checkpoint"), max_bytes)?;
        let checkpoint = note.map(|bytes| SignedNote::parse(&bytes)).transpose()?;
        let mut head = TreeHead::EMPTY;
        if let Some(note) = &checkpoint {
            let read = Checkpoint::parse(note.text())?;
            if read.origin != key.public().name() {
                let (got, want) = (read.origin, key.public().name().to_owned());
                return Err(PublishError::OtherLog { path: path.into(), got, want });
            }
            head = read.head();
        }
        let mut home = Self {
            path: path.into(),
            key,
            checkpoint,
            head,
            leaves: BTreeMap::new(),
            last: Vec::new(),
            _lock: lock,
        };
        home.read_leaves()?;
        Ok(home)
    }

    fn read_leaves(&mut self) -> Result<(), PublishError> {
        let mut at = 0;
        while at < self.head.size {
            let width = (self.head.size - at).min(TILE_WIDTH);
            let path = self.path.join(entries_path(at / TILE_WIDTH, width));
            let bytes = file::read(&path, MAX_ENTRIES_BYTES)?;
            let failed = |source| {
                PublishError::Append(log::AppendError::Entries {
                    path: path.to_string_lossy().into_owned(),
                    source,
                })
            };
            for (leaf, index) in parse_entries(&bytes, width).map_err(failed)?.into_iter().zip(at..) {
                self.remember(leaf, index);
            }
            at += width;
        }
        Ok(())
    }

    fn remember(&mut self, leaf: &[u8], index: u64) {
        self.leaves.entry(leaf.to_vec()).or_insert(index);
        leaf.clone_into(&mut self.last);
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn head(&self) -> TreeHead {
        self.head
    }

    /// The newest checkpoint with the log's signature, and whatever cosignatures were kept.
    pub(super) const fn checkpoint(&self) -> Option<&SignedNote> {
        self.checkpoint.as_ref()
    }

    /// Where a leaf stands.
    pub(super) fn index(&self, leaf: &str) -> Option<u64> {
        self.leaves.get(leaf.as_bytes()).copied()
    }

    /// All manifests that were ever logged, public or not.
    pub(super) fn manifests(&self) -> impl Iterator<Item = Manifest> {
        let texts = self.leaves.keys().filter_map(|leaf| std::str::from_utf8(leaf).ok());
        texts.filter_map(|text| Manifest::parse(text).ok())
    }

    /// Sees to it that this is the log of the root, and that what is published is a part of it.
    pub(super) fn belongs_to(&self, root: &Root, directory: &Directory) -> Result<(), PublishError> {
        if root.log.key != *self.key.public() {
            return Err(PublishError::NotTheLogKey { version: root.version });
        }
        let Some(published) = directory.checkpoint()? else { return Ok(()) };
        if published.origin != self.key.public().name() {
            let (got, want) = (published.origin, self.key.public().name().to_owned());
            return Err(PublishError::OtherLog { path: directory.path().into(), got, want });
        }
        if published.size > self.head.size {
            return Err(PublishError::HomeBehind { path: self.path.clone() });
        }
        let path = self.path.clone();
        log::consistency_from_tiles(published.head(), self.head, &TilesIn(&self.path))
            .map_err(|source| PublishError::Forked { path, source })
    }

    /// Adds what is not in the log yet, and signs the new tree. Nothing is added if `manifest` is the last leaf already.
    pub(super) fn append(&mut self, leaves: &[Document], manifest: &str) -> Result<TreeHead, PublishError> {
        let texts: Vec<String> = leaves.iter().map(Document::to_text).collect();
        let is_complete = texts.iter().all(|text| self.index(text).is_some());
        if is_complete && self.last == manifest.as_bytes() {
            self.sign(self.head)?;
            return Ok(self.head);
        }
        let mut appender = Appender::open(self.head, &TilesIn(&self.path))?;
        let mut added: Vec<(Vec<u8>, u64)> = Vec::new();
        let new = texts.iter().filter(|text| self.index(text).is_none()).map(String::as_str);
        for text in new.chain([manifest]) {
            added.push((text.into(), appender.push(text.as_bytes())?));
        }
        let grown = appender.finish();
        for (path, bytes) in &grown.files {
            let path = self.path.join(path);
            file::make_parent(&path)?;
            file::replace(&path, bytes)?;
        }
        self.sign(grown.head)?;
        for (leaf, index) in added {
            self.remember(&leaf, index);
        }
        Ok(self.head)
    }

    /// From here on the log has this tree.
    fn sign(&mut self, head: TreeHead) -> Result<(), PublishError> {
        let origin = self.key.public().name().to_owned();
        let text = Checkpoint { origin, size: head.size, hash: head.hash }.to_text();
        let signed = SignedNote::unsigned(&text)?.signed_by(&self.key);
        let note = match &self.checkpoint {
            Some(before) if before.text() == text => signed.joined_with(before)?,
            _ => signed,
        };
        self.keep(note)?;
        self.head = head;
        Ok(())
    }

    /// Keeps the checkpoint with more signatures.
    pub(super) fn keep(&mut self, note: SignedNote) -> Result<(), PublishError> {
        file::replace(&self.path.join("checkpoint"), &note.to_bytes())?;
        self.checkpoint = Some(note);
        Ok(())
    }

    pub(super) fn prove_inclusion(&self, index: u64) -> Result<Vec<Node>, PublishError> {
        Ok(log::prove_inclusion(self.head, index, &TilesIn(&self.path))?)
    }
}
