//! The tree behind a checkpoint, read through tiles, each of which is tied to the checkpoint before it is used.
//!
//! A hash that comes out of here is as certain as the checkpoint, whoever served the tiles.
//!
//! Spec: C2SP tlog-tiles, "Merkle Tree"; RFC 6962 §2.1.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::bundle::Node;
use crate::log::TreeHead;
use crate::log::path::{TILE_HEIGHT, TILE_WIDTH, tile_path};
use crate::log::proof::{MAX_TREE_SIZE, ProofError, parent_hash};

/// Whatever tiles are read from: a directory, a mirror, a map in a test.
pub trait ReadTiles {
    /// Reads one file by its path in the published directory, such as `tile/0/000.p/7`. Tiles have at most
    /// [`MAX_TILE_BYTES`](super::MAX_TILE_BYTES), entry bundles [`MAX_ENTRIES_BYTES`](super::MAX_ENTRIES_BYTES); what was
    /// read need not be right.
    ///
    /// # Errors
    /// Why it cannot be read, in words that follow "cannot read …: ".
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// A tree with the tiles of it that were read, all of them certain.
pub(super) struct Tree<'a> {
    head: TreeHead,
    source: &'a dyn ReadTiles,
    /// By level and index.
    tiles: BTreeMap<(u32, u64), Vec<Node>>,
}

impl<'a> Tree<'a> {
    /// Reads the partial tiles, from which the root hash follows.
    ///
    /// # Errors
    /// [`ProofError`].
    pub(super) fn open(head: TreeHead, source: &'a dyn ReadTiles) -> Result<Self, ProofError> {
        if head.size > MAX_TREE_SIZE {
            return Err(ProofError::TooLarge { size: head.size });
        }
        let mut tree = Self { head, source, tiles: BTreeMap::new() };
        let mut edge = Vec::new();
        for (level, index, width) in edge_tiles(head.size) {
            let tile = if width == 0 { Vec::new() } else { tree.read(level, index, width)? };
            tree.tiles.insert((level, index), tile.clone());
            edge.push(tile);
        }
        if root_of_edge(&edge) != head.hash {
            let lowest = edge_tiles(head.size).find(|tile| tile.2 > 0).unwrap_or((0, 0, 0));
            return Err(ProofError::WrongTile { path: tile_path(lowest.0, lowest.1, lowest.2) });
        }
        Ok(tree)
    }

    /// The partial tiles from the leaves up; empty where all tiles of a level are full.
    pub(super) fn edge(&self) -> Vec<Vec<Node>> {
        edge_tiles(self.head.size)
            .map(|(level, index, _)| self.tiles.get(&(level, index)).cloned().unwrap_or_default())
            .collect()
    }

    /// The hash over the leaves `from..to`, which must be a subtree as RFC 6962 §2.1 splits a tree of this size or a
    /// smaller one: `from` is a multiple of the smallest power of two that is not below their number.
    pub(super) fn subtree(&mut self, from: u64, to: u64) -> Result<Node, ProofError> {
        let count = to - from;
        if count == 0 {
            return Ok(TreeHead::EMPTY.hash);
        }
        if count.is_power_of_two() {
            return self.full_subtree(count.ilog2(), from);
        }
        let middle = from + left_part(count);
        Ok(parent_hash(self.subtree(from, middle)?, self.subtree(middle, to)?))
    }

    /// The hash over 2^`height` leaves.
    fn full_subtree(&mut self, height: u32, from: u64) -> Result<Node, ProofError> {
        let (level, rest) = (height / TILE_HEIGHT, height % TILE_HEIGHT);
        let first = from >> (level * TILE_HEIGHT);
        let tile = self.tile(level, first / TILE_WIDTH)?;
        let start = usize::try_from(first % TILE_WIDTH).unwrap_or(usize::MAX);
        let outside = ProofError::OutsideTree { index: from, size: self.head.size };
        let nodes = tile.get(start..start.saturating_add(1 << rest)).ok_or(outside)?;
        Ok(root_of(nodes))
    }

    /// A tile whose hashes are certain.
    fn tile(&mut self, level: u32, index: u64) -> Result<Vec<Node>, ProofError> {
        if let Some(tile) = self.tiles.get(&(level, index)) {
            return Ok(tile.clone());
        }
        // Partial tiles are all here already, so that this one is full and the level above has its hash.
        if index >= self.head.size >> ((level + 1) * TILE_HEIGHT).min(63) {
            return Err(ProofError::OutsideTree { index, size: self.head.size });
        }
        let above = self.tile(level + 1, index / TILE_WIDTH)?;
        let tile = self.read(level, index, TILE_WIDTH)?;
        let place = usize::try_from(index % TILE_WIDTH).unwrap_or(usize::MAX);
        if above.get(place) != Some(&root_of(&tile)) {
            return Err(ProofError::WrongTile { path: tile_path(level, index, TILE_WIDTH) });
        }
        self.tiles.insert((level, index), tile.clone());
        Ok(tile)
    }

    /// A tile as it is served. A log may delete a partial tile once the full one is there.
    fn read(&self, level: u32, index: u64, width: u64) -> Result<Vec<Node>, ProofError> {
        let path = tile_path(level, index, width);
        match self.source.read(&path) {
            Ok(bytes) => nodes(&bytes, width).ok_or(ProofError::WrongTile { path }),
            Err(reason) if width == TILE_WIDTH => Err(ProofError::Unreadable { path, reason }),
            Err(reason) => self.read_wider(level, index, width, path, reason),
        }
    }

    fn read_wider(
        &self,
        level: u32,
        index: u64,
        width: u64,
        path: String,
        reason: String,
    ) -> Result<Vec<Node>, ProofError> {
        let full = tile_path(level, index, TILE_WIDTH);
        let Ok(bytes) = self.source.read(&full) else {
            return Err(ProofError::Unreadable { path, reason });
        };
        let mut tile = nodes(&bytes, TILE_WIDTH).ok_or(ProofError::WrongTile { path: full })?;
        tile.truncate(usize::try_from(width).unwrap_or(usize::MAX));
        Ok(tile)
    }
}

/// Level, index and width of the partial tiles of a tree, from the leaves up; the width is 0 where there is none.
pub(super) fn edge_tiles(size: u64) -> impl Iterator<Item = (u32, u64, u64)> {
    let sizes = core::iter::successors(Some(size), |size| Some(size / TILE_WIDTH));
    let sizes = sizes.take_while(|size| *size > 0);
    (0..).zip(sizes).map(|(level, size)| (level, size / TILE_WIDTH, size % TILE_WIDTH))
}

/// The root hash of a tree, from its partial tiles: what is complete below a level counts as one node at its end.
pub(super) fn root_of_edge(edge: &[Vec<Node>]) -> Node {
    let mut last: Option<Node> = None;
    for tile in edge {
        let nodes: Vec<Node> = tile.iter().copied().chain(last).collect();
        last = if nodes.is_empty() { None } else { Some(root_of(&nodes)) };
    }
    last.unwrap_or(TreeHead::EMPTY.hash)
}

/// The root hash over nodes of one level.
pub(super) fn root_of(nodes: &[Node]) -> Node {
    match nodes {
        [] => TreeHead::EMPTY.hash,
        [node] => *node,
        _ => {
            let (left, right) = nodes.split_at(nodes.len().next_power_of_two() / 2);
            parent_hash(root_of(left), root_of(right))
        }
    }
}

/// The largest power of two below `count`, which is at least 2 (RFC 6962 §2.1).
pub(super) const fn left_part(count: u64) -> u64 {
    count.next_power_of_two() / 2
}

fn nodes(bytes: &[u8], width: u64) -> Option<Vec<Node>> {
    let (nodes, rest) = bytes.as_chunks::<32>();
    let is_whole = rest.is_empty() && u64::try_from(nodes.len()) == Ok(width);
    is_whole.then(|| nodes.iter().map(|node| Node(*node)).collect())
}
