//! RFC 6962 §2.1 word for word, over all leaves at once: what the tiles and proofs are measured by.

use std::cell::RefCell;
use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::bundle::Node;
use crate::log::{Appender, ReadTiles, TreeHead};

/// MTH (§2.1).
pub(super) fn root(leaves: &[Vec<u8>]) -> Node {
    match leaves {
        [] => sha256(&[]),
        [leaf] => sha256(&[&[0], leaf]),
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            sha256(&[&[1], &root(left).0, &root(right).0])
        }
    }
}

/// PATH (§2.1.1).
pub(super) fn path(index: usize, leaves: &[Vec<u8>]) -> Vec<Node> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, node) = if index < left.len() {
        (self::path(index, left), root(right))
    } else {
        (self::path(index - left.len(), right), root(left))
    };
    path.push(node);
    path
}

/// PROOF (§2.1.2).
pub(super) fn proof(old: usize, leaves: &[Vec<u8>]) -> Vec<Node> {
    subproof(old, leaves, true)
}

fn subproof(old: usize, leaves: &[Vec<u8>], is_whole: bool) -> Vec<Node> {
    if old == leaves.len() {
        return if is_whole { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut proof, node) = if old <= left.len() {
        (subproof(old, left, is_whole), root(right))
    } else {
        (subproof(old - left.len(), right, false), root(left))
    };
    proof.push(node);
    proof
}

/// The largest power of two smaller than `count`.
fn split(count: usize) -> usize {
    let mut power = 1;
    while power * 2 < count {
        power *= 2;
    }
    power
}

fn sha256(parts: &[&[u8]]) -> Node {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Node(hasher.finalize().into())
}

/// Leaves of many lengths, all different.
pub(super) fn leaves(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("{number} {}", "x".repeat(number % 7)).into_bytes()).collect()
}

pub(super) fn head(leaves: &[Vec<u8>]) -> TreeHead {
    TreeHead { size: leaves.len() as u64, hash: root(leaves) }
}

/// A published directory in memory, which remembers what was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Directory {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) read: RefCell<Vec<String>>,
}

impl Directory {
    /// With all these leaves, appended at once.
    pub(super) fn of(leaves: &[Vec<u8>]) -> (Self, TreeHead) {
        let mut directory = Self::default();
        let head = directory.append(TreeHead::EMPTY, leaves);
        (directory, head)
    }

    pub(super) fn append(&mut self, head: TreeHead, leaves: &[Vec<u8>]) -> TreeHead {
        let mut appender = Appender::open(head, self).unwrap();
        for (leaf, index) in leaves.iter().zip(head.size..) {
            assert_eq!(appender.push(leaf), Ok(index));
        }
        let grown = appender.finish();
        self.files.extend(grown.files);
        grown.head
    }
}

impl ReadTiles for Directory {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.read.borrow_mut().push(path.into());
        self.files.get(path).cloned().ok_or_else(|| "no such file".into())
    }
}
