//! Growing the log: the tiles and bundles that new leaves add.
//!
//! Signing the checkpoint of the new tree, and writing files before it, is the callers' part.
//!
//! Spec: C2SP tlog-tiles.

use alloc::string::String;
use alloc::vec::Vec;

use crate::bundle::Node;
use crate::log::entries::{EntriesError, parse_entries, push_entry};
use crate::log::path::{TILE_WIDTH, entries_path, tile_path};
use crate::log::proof::{MAX_TREE_SIZE, ProofError, leaf_hash};
use crate::log::tree::ReadTiles;
use crate::log::tree::{Tree, edge_tiles, root_of, root_of_edge};
use crate::log::{MAX_LEAF_BYTES, TreeHead};

/// A log to which leaves are being added.
#[derive(Debug)]
pub struct Appender {
    size: u64,
    /// Partial tiles from the leaves up, and the number of hashes in each that were there before.
    edge: Vec<(Vec<Node>, usize)>,
    /// The partial bundle.
    entries: Vec<u8>,
    files: Vec<(String, Vec<u8>)>,
}

/// What has to be published for a tree that grew: all files before the checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Appended {
    /// The new tree, to be signed.
    pub head: TreeHead,
    /// New tiles and bundles by their path. A path that exists already is of a tree that was never signed: overwrite it.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Why leaves cannot be added.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The tiles that are there cannot be read, or do not fit.
    #[error(transparent)]
    Tiles(#[from] ProofError),
    /// The last bundle is none.
    #[error("`{path}`: {source}")]
    Entries {
        /// Within the published directory.
        path: String,
        /// What is wrong with it.
        source: EntriesError,
    },
    /// A leaf is too long.
    #[error("a leaf of {bytes} bytes is too long; at most {MAX_LEAF_BYTES}")]
    LongLeaf {
        /// Its length.
        bytes: usize,
    },
}

impl Appender {
    /// Continues the tree of `head`; a new log is that of [`TreeHead::EMPTY`].
    ///
    /// # Errors
    /// [`AppendError`] when what is published is not that tree.
    pub fn open(head: TreeHead, tiles: &dyn ReadTiles) -> Result<Self, AppendError> {
        let edge = Tree::open(head, tiles)?.edge();
        let entries = read_entries(head.size, edge.first().map_or(&[], Vec::as_slice), tiles)?;
        let edge = edge.into_iter().map(|tile| (tile.clone(), tile.len())).collect();
        Ok(Self { size: head.size, edge, entries, files: Vec::new() })
    }

    /// Adds a leaf; tells its index.
    ///
    /// # Errors
    /// [`AppendError::LongLeaf`], or that the tree is full.
    pub fn push(&mut self, leaf: &[u8]) -> Result<u64, AppendError> {
        let bytes = leaf.len();
        let length = u16::try_from(bytes).map_err(|_| AppendError::LongLeaf { bytes })?;
        let index = self.size;
        if index >= MAX_TREE_SIZE {
            return Err(ProofError::TooLarge { size: index }.into());
        }
        push_entry(&mut self.entries, length, leaf);
        self.size += 1;
        if self.size.is_multiple_of(TILE_WIDTH) {
            let bundle = core::mem::take(&mut self.entries);
            self.files.push((entries_path(index / TILE_WIDTH, TILE_WIDTH), bundle));
        }
        self.add_node(leaf_hash(leaf));
        Ok(index)
    }

    /// Ends it, and hands out what has to be published.
    pub fn finish(self) -> Appended {
        let (edge, before): (Vec<_>, Vec<_>) = self.edge.into_iter().unzip();
        let head = TreeHead { size: self.size, hash: root_of_edge(&edge) };
        let mut files = self.files;
        for (((level, index, width), tile), before) in edge_tiles(head.size).zip(&edge).zip(before) {
            if tile.len() == before {
                continue;
            }
            if level == 0 {
                files.push((entries_path(index, width), self.entries.clone()));
            }
            files.push((tile_path(level, index, width), bytes_of(tile)));
        }
        Appended { head, files }
    }

    /// Adds the hash of a leaf, and those of the tiles that it fills to the levels above.
    fn add_node(&mut self, mut node: Node) {
        let mut index = (self.size - 1) / TILE_WIDTH;
        for level in 0.. {
            let depth = usize::try_from(level).unwrap_or(usize::MAX);
            if self.edge.len() <= depth {
                self.edge.push((Vec::new(), 0));
            }
            let Some((tile, before)) = self.edge.get_mut(depth) else { return };
            tile.push(node);
            if u64::try_from(tile.len()).is_ok_and(|width| width < TILE_WIDTH) {
                return;
            }
            node = root_of(tile);
            self.files.push((tile_path(level, index, TILE_WIDTH), bytes_of(tile)));
            tile.clear();
            *before = 0;
            index /= TILE_WIDTH;
        }
    }
}

/// The partial bundle of a tree, whose leaves must be those of its partial tile.
fn read_entries(size: u64, leaves: &[Node], tiles: &dyn ReadTiles) -> Result<Vec<u8>, AppendError> {
    let (index, width) = (size / TILE_WIDTH, size % TILE_WIDTH);
    if width == 0 {
        return Ok(Vec::new());
    }
    let path = entries_path(index, width);
    let bytes = match tiles.read(&path) {
        Ok(bytes) => bytes,
        Err(reason) => return Err(ProofError::Unreadable { path, reason }.into()),
    };
    match parse_entries(&bytes, width) {
        Ok(entries) if entries.iter().map(|entry| leaf_hash(entry)).eq(leaves.iter().copied()) => Ok(bytes),
        Ok(_) => Err(ProofError::WrongTile { path }.into()),
        Err(source) => Err(AppendError::Entries { path, source }),
    }
}

fn bytes_of(tile: &[Node]) -> Vec<u8> {
    tile.iter().flat_map(|node| node.0).collect()
}
