//! Proofs that a leaf is in the log, and that a log has only grown.
//!
//! Spec: RFC 6962 §2.1.1 (inclusion), §2.1.2 (consistency).

use alloc::string::String;
use alloc::vec::Vec;

use tlog_tiles::Hash;

use crate::bundle::{MAX_PROOF_NODES, Node};
use crate::log::TreeHead;

/// Why something was not shown to be in the log, or the log to have only grown.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The index is none of the tree's.
    #[error("the log has {size} leaves, and none with the index {index}")]
    OutsideTree {
        /// Counted from 0.
        index: u64,
        /// The tree's.
        size: u64,
    },
    /// More leaves than any log has.
    #[error("a log of {size} leaves is larger than any may be")]
    TooLarge {
        /// The tree's.
        size: u64,
    },
    /// The log is smaller than it was: the newer tree is the older one.
    #[error("the log has {new} leaves, and had {old} before")]
    Shrunk {
        /// What was known.
        old: u64,
        /// What is offered.
        new: u64,
    },
    /// Both trees are certain, and one does not continue the other: the log has forked.
    #[error("the log has forked: its first {size} leaves are not those that were known")]
    Forked {
        /// The older tree's.
        size: u64,
    },
    /// The proof proves nothing of the kind; a fork shows so too.
    #[error("the proof does not fit the log's root hash")]
    Wrong,
    /// A tile could not be read.
    #[error("cannot read `{path}`: {reason}")]
    Unreadable {
        /// Within the published directory.
        path: String,
        /// In the words of whoever read.
        reason: String,
    },
    /// A tile belongs to another tree: its mirror is damaged, half updated or hostile.
    #[error("`{path}` does not fit the checkpoint: the mirror's files are damaged or of different days")]
    WrongTile {
        /// Within the published directory.
        path: String,
    },
}

/// Most leaves of a tree whose tiles are read or written; beyond, the numbers of tiles no longer fit in 64 bits.
pub const MAX_TREE_SIZE: u64 = 1 << 48;

/// Shows that the tree has this leaf at this index.
///
/// # Errors
/// [`ProofError::OutsideTree`] or [`ProofError::Wrong`].
pub fn verify_inclusion(head: TreeHead, leaf: &[u8], index: u64, proof: &[Node]) -> Result<(), ProofError> {
    if index >= head.size {
        return Err(ProofError::OutsideTree { index, size: head.size });
    }
    let proof = hashes(proof)?;
    tlog_tiles::check_record(&proof, head.size, Hash(head.hash.0), index, tlog_tiles::record_hash(leaf))
        .map_err(|_| ProofError::Wrong)
}

/// Shows that the newer tree continues the older one.
///
/// # Errors
/// [`ProofError::Shrunk`], [`ProofError::Forked`] when both have one size, and [`ProofError::Wrong`] for all else: whether
/// the proof is wrong or the log has forked cannot be told apart here.
pub fn verify_consistency(old: TreeHead, new: TreeHead, proof: &[Node]) -> Result<(), ProofError> {
    if new.size < old.size {
        return Err(ProofError::Shrunk { old: old.size, new: new.size });
    }
    if old.size == new.size && old != new {
        return Err(ProofError::Forked { size: old.size });
    }
    let proof = hashes(proof)?;
    // Nothing is needed for a tree that has no leaf or did not grow, and then nothing may be there (C2SP tlog-witness).
    if old.size == 0 || old.size == new.size {
        let is_fit = proof.is_empty() && (old.size > 0 || old == TreeHead::EMPTY);
        return if is_fit { Ok(()) } else { Err(ProofError::Wrong) };
    }
    tlog_tiles::check_tree(&proof, new.size, Hash(new.hash.0), old.size, Hash(old.hash.0))
        .map_err(|_| ProofError::Wrong)
}

/// The hash by which a leaf stands in the tree.
pub fn leaf_hash(leaf: &[u8]) -> Node {
    Node(tlog_tiles::record_hash(leaf).0)
}

pub(super) fn parent_hash(left: Node, right: Node) -> Node {
    Node(tlog_tiles::node_hash(Hash(left.0), Hash(right.0)).0)
}

/// The library copies a proof once for each of its hashes.
fn hashes(proof: &[Node]) -> Result<Vec<Hash>, ProofError> {
    if proof.len() > MAX_PROOF_NODES {
        return Err(ProofError::Wrong);
    }
    Ok(proof.iter().map(|node| Hash(node.0)).collect())
}
