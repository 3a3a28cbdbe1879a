//! Proofs made from tiles, which any mirror can serve.
//!
//! Spec: C2SP tlog-tiles; RFC 6962 §2.1.1 and §2.1.2.

use alloc::vec::Vec;

use crate::bundle::Node;
use crate::log::TreeHead;
use crate::log::proof::ProofError;
use crate::log::tree::{ReadTiles, Tree, left_part};

/// Shows from tiles that the newer tree continues the older one. The tiles may come from anybody: only what fits `new`
/// counts.
///
/// # Errors
/// [`ProofError::Forked`] is certain: the tree of `new` does not continue `old`. [`ProofError::Shrunk`] is an older tree, all
/// else bad tiles.
pub fn consistency_from_tiles(old: TreeHead, new: TreeHead, tiles: &dyn ReadTiles) -> Result<(), ProofError> {
    if new.size < old.size {
        return Err(ProofError::Shrunk { old: old.size, new: new.size });
    }
    let before =
        if old.size == new.size { new.hash } else { Tree::open(new, tiles)?.subtree(0, old.size)? };
    if before == old.hash { Ok(()) } else { Err(ProofError::Forked { size: old.size }) }
}

/// The proof that the tree has its leaf at this index.
///
/// # Errors
/// [`ProofError`].
pub fn prove_inclusion(head: TreeHead, index: u64, tiles: &dyn ReadTiles) -> Result<Vec<Node>, ProofError> {
    if index >= head.size {
        return Err(ProofError::OutsideTree { index, size: head.size });
    }
    let mut tree = Tree::open(head, tiles)?;
    // RFC 6962 §2.1.1 goes down from the root, and its paths begin at the leaf.
    let (mut from, mut to, mut path) = (0, head.size, Vec::new());
    while to - from > 1 {
        let middle = from + left_part(to - from);
        if index < middle {
            path.push(tree.subtree(middle, to)?);
            to = middle;
        } else {
            path.push(tree.subtree(from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree continues that of its first `old_size` leaves.
///
/// # Errors
/// [`ProofError`].
pub fn prove_consistency(
    old_size: u64,
    head: TreeHead,
    tiles: &dyn ReadTiles,
) -> Result<Vec<Node>, ProofError> {
    if head.size < old_size {
        return Err(ProofError::Shrunk { old: old_size, new: head.size });
    }
    if old_size == 0 || old_size == head.size {
        return Ok(Vec::new());
    }
    let mut tree = Tree::open(head, tiles)?;
    // RFC 6962 §2.1.2 goes down to where the old tree ends, and its proofs begin there.
    let (mut from, mut to, mut path) = (0, head.size, Vec::new());
    while old_size != to {
        let middle = from + left_part(to - from);
        if old_size <= middle {
            path.push(tree.subtree(middle, to)?);
            to = middle;
        } else {
            path.push(tree.subtree(from, middle)?);
            from = middle;
        }
    }
    // The whole old tree need not be sent: whoever asks knows its hash.
    if from > 0 {
        path.push(tree.subtree(from, to)?);
    }
    path.reverse();
    Ok(path)
}
