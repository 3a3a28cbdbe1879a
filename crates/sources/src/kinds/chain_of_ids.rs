//! From a commit to a file in its tree, where each object is named by the hash of its bytes: whoever signed the commit's name
//! signed the file.
//!
//! Spec: git-cat-file(1) for raw objects: a commit begins with `tree <id>`, a tree is `<mode> <name>\0<id>` again and again.

use starttls_trust::{ObjectFormat, ObjectId, ObjectKind};

use crate::git::{Bare, GitError};

/// Why a file was not had from a commit.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum ChainError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("the {kind} {id} has other bytes than its name says; the repository is damaged or forged")]
    WrongId { kind: ObjectKind, id: ObjectId },
    #[error("the {kind} {id} makes no sense")]
    Malformed { kind: ObjectKind, id: ObjectId },
    #[error("`{path}` is not in the tagged tree, or is no plain file there")]
    NotThere { path: String },
}

/// The bytes of the file at `path` in the tree of this commit.
pub(super) fn file(bare: &Bare<'_>, commit: ObjectId, path: &str) -> Result<Vec<u8>, ChainError> {
    let not_there = || ChainError::NotThere { path: path.to_owned() };
    let mut id = tree_of(commit, &object(bare, ObjectKind::Commit, commit)?)?;
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        let tree = object(bare, ObjectKind::Tree, id)?;
        let is_last = parts.peek().is_none();
        let (mode, next) = entry(id, &tree, part)?.ok_or_else(not_there)?;
        // A symbolic link or a submodule is no file of this tree.
        let wanted: &[&[u8]] = if is_last { &[b"100644", b"100755", b"100664"] } else { &[b"40000"] };
        if !wanted.contains(&mode) {
            return Err(not_there());
        }
        id = next;
    }
    object(bare, ObjectKind::Blob, id)
}

fn object(bare: &Bare<'_>, kind: ObjectKind, id: ObjectId) -> Result<Vec<u8>, ChainError> {
    let bytes = bare.object(kind, &id.to_string())?;
    match ObjectId::of(kind, id.format(), &bytes) {
        Ok(found) if found == id => Ok(bytes),
        _ => Err(ChainError::WrongId { kind, id }),
    }
}

fn tree_of(commit: ObjectId, bytes: &[u8]) -> Result<ObjectId, ChainError> {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let id = line.strip_prefix(b"tree ").and_then(ObjectId::parse);
    id.filter(|id| id.format() == commit.format())
        .ok_or(ChainError::Malformed { kind: ObjectKind::Commit, id: commit })
}

/// Mode and name of the entry `part` of a tree.
fn entry<'a>(
    tree: ObjectId,
    mut bytes: &'a [u8],
    part: &str,
) -> Result<Option<(&'a [u8], ObjectId)>, ChainError> {
    let malformed = || ChainError::Malformed { kind: ObjectKind::Tree, id: tree };
    let id_bytes = match tree.format() {
        ObjectFormat::Sha1 => 20,
        ObjectFormat::Sha256 => 32,
    };
    while !bytes.is_empty() {
        let head = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        let rest = bytes.get(head.len() + 1..).ok_or_else(malformed)?;
        let (id, rest) = rest.split_at_checked(id_bytes).ok_or_else(malformed)?;
        let space = head.iter().position(|byte| *byte == b' ').ok_or_else(malformed)?;
        let (mode, name) = head.split_at_checked(space).ok_or_else(malformed)?;
        if name.get(1..) == Some(part.as_bytes()) {
            return Ok(Some((mode, id_of(id).ok_or_else(malformed)?)));
        }
        bytes = rest;
    }
    Ok(None)
}

fn id_of(bytes: &[u8]) -> Option<ObjectId> {
    match bytes.len() {
        20 => bytes.try_into().ok().map(ObjectId::Sha1),
        _ => bytes.try_into().ok().map(ObjectId::Sha256),
    }
}
