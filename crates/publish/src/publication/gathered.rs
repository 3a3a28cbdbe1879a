//! What is to be published: what was submitted, over what is published already, with all signatures looked at.

use std::collections::BTreeMap;

use starttls_policy::{List, Timestamp};
use starttls_trust::chain::{self, Anchor};
use starttls_trust::document::{
    Leaf, LeafKind, ListRef, ListStatement, Manifest, RelaxCancel, RelaxOrder, RelaxSet, Root,
};
use starttls_trust::threshold::{self, RoleName};
use starttls_trust::{Digest, Document, SignedNote};

use super::directory::Directory;
use super::home::LogHome;
use super::{PublishError, relax_set};
use crate::build::number;
use crate::operator::Gpg;
use crate::review;
use crate::root::RootNote;

/// What somebody wants to publish. What is not given stays as it is published.
#[derive(Debug, Default)]
pub struct Submission {
    /// Roots, those that are published already included or not.
    pub roots: Vec<RootNote>,
    /// A new list.
    pub list: Option<NewList>,
    /// Orders to relax, signed.
    pub orders: Vec<(SignedNote, RelaxOrder)>,
    /// What takes such orders back, signed.
    pub cancels: Vec<(SignedNote, RelaxCancel)>,
    /// Signs the list with OpenPGP too; without it, what is published so stays, as long as the list does.
    pub gpg: Option<Gpg>,
}

/// A list with its signed statement.
#[derive(Debug)]
pub struct NewList {
    /// The list.
    pub list: List,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The statement's note, signatures of all copies joined.
    pub note: SignedNote,
    /// What it says.
    pub statement: ListStatement,
}

/// All that the directory will hold.
#[derive(Debug)]
pub(super) struct Gathered {
    /// Root 1, as a client would pin it.
    pub(super) anchor: Anchor,
    /// The root in force.
    pub(super) root: Anchor,
    roots: BTreeMap<u64, String>,
    pub(super) list: List,
    pub(super) bytes: Vec<u8>,
    pub(super) statement: ListStatement,
    statement_note: SignedNote,
    pub(super) relax: RelaxSet,
    pub(super) gpg: Option<Gpg>,
}

impl Gathered {
    pub(super) fn from(
        directory: &Directory,
        submission: Submission,
        home: &LogHome,
        now: Timestamp,
    ) -> Result<Self, PublishError> {
        let roots = roots(directory, &submission.roots)?;
        let (first, texts) = chain_of(&roots)?;
        let anchor = Anchor::parse(first.as_bytes())?;
        let root = chain::follow(&anchor, None, &texts)?;
        let Root { version, timestamp, .. } = *root.root();
        if timestamp > now {
            return Err(PublishError::RootNotYet { version, timestamp, now });
        }
        let NewList { list, bytes, note, statement } = match submission.list {
            Some(new) => new,
            None => published_list(directory)?,
        };
        threshold::met(root.root(), RoleName::List, &note).map_err(PublishError::ListThreshold)?;
        let mut untrue = review::of_bytes(&statement, number(bytes.len()), Digest::of(&bytes));
        untrue.extend(review::of_list(&statement, &list));
        if !untrue.is_empty() {
            return Err(PublishError::Untrue(untrue));
        }
        follows(&statement, directory)?;
        is_new(&statement, home)?;
        let relax = relax_set::renewed(
            &directory.relax_set()?,
            submission.orders,
            submission.cancels,
            (root.root(), &list),
            now,
        )?;
        Ok(Self {
            anchor,
            root,
            roots,
            list,
            bytes,
            statement,
            statement_note: note,
            relax,
            gpg: submission.gpg,
        })
    }

    /// Every document that must be in the log before the manifest.
    pub(super) fn leaves(&self) -> Vec<Document> {
        self.named().into_iter().map(Document::from).collect()
    }

    /// Every leaf that clients want proven, and older roots.
    pub(super) fn named(&self) -> Vec<Leaf> {
        let of = |kind| move |note: &String| leaf(kind, note);
        let mut leaves: Vec<Leaf> = self.roots.values().filter_map(of(LeafKind::Root)).collect();
        let statement = Digest::of(self.statement_note.text().as_bytes());
        leaves.push(Leaf { kind: LeafKind::List, sha256: statement });
        leaves.extend(self.relax.orders.iter().filter_map(of(LeafKind::Relax)));
        leaves.extend(self.relax.cancels.iter().filter_map(of(LeafKind::RelaxCancel)));
        leaves
    }

    pub(super) fn manifest_text(&self) -> String {
        let relax = Digest::of(self.relax_text().as_bytes());
        let list = ListRef {
            serial: self.statement.serial,
            sha256: self.statement.sha256,
            statement: Digest::of(self.statement_note.text().as_bytes()),
        };
        Document::from(Manifest { root: self.root.reference(), list, relax }).to_text()
    }

    pub(super) fn relax_text(&self) -> String {
        Document::from(self.relax.clone()).to_text()
    }

    pub(super) fn statement_note(&self) -> String {
        self.statement_note.to_string()
    }

    /// Every root's note by its version.
    pub(super) const fn roots(&self) -> &BTreeMap<u64, String> {
        &self.roots
    }

    /// Signed notes of all documents.
    pub(super) fn notes(&self) -> Vec<String> {
        let relax = self.relax.orders.iter().chain(&self.relax.cancels);
        self.roots.values().chain(relax).cloned().chain([self.statement_note()]).collect()
    }
}

fn leaf(kind: LeafKind, note: &str) -> Option<Leaf> {
    let note = SignedNote::parse(note.as_bytes()).ok()?;
    Some(Leaf { kind, sha256: Digest::of(note.text().as_bytes()) })
}

/// The published roots, and those submitted; more signatures under a published one do no harm.
fn roots(directory: &Directory, submitted: &[RootNote]) -> Result<BTreeMap<u64, String>, PublishError> {
    let mut roots: BTreeMap<u64, SignedNote> = BTreeMap::new();
    for text in directory.bundle().map(|bundle| bundle.roots.as_slice()).unwrap_or_default() {
        let note = SignedNote::parse(text.as_bytes())?;
        roots.insert(Root::parse(note.text())?.version, note);
    }
    for RootNote { note, root } in submitted {
        let version = root.version;
        let note = match roots.remove(&version) {
            Some(known) => known.joined_with(note).map_err(|_| PublishError::OtherRoot { version })?,
            None => SignedNote::unsigned(note.text())?.joined_with(note)?,
        };
        roots.insert(version, note);
    }
    Ok(roots.into_iter().map(|(version, note)| (version, note.to_string())).collect())
}

fn chain_of(roots: &BTreeMap<u64, String>) -> Result<(String, Vec<String>), PublishError> {
    let texts: Vec<String> = roots.values().cloned().collect();
    let first = roots.get(&1).ok_or(PublishError::NoRoot)?;
    Ok((first.clone(), texts))
}

fn published_list(directory: &Directory) -> Result<NewList, PublishError> {
    let bundle = directory.bundle().ok_or(PublishError::NoList)?;
    let note = SignedNote::parse(bundle.list.as_bytes())?;
    let statement = ListStatement::parse(note.text())?;
    let (list, bytes) = directory.list(statement.sha256)?;
    Ok(NewList { list, bytes, note, statement })
}

/// A new list must follow the published one, so that nobody signs a diff against another.
fn follows(statement: &ListStatement, directory: &Directory) -> Result<(), PublishError> {
    let Some(before) = directory.statement()? else { return Ok(()) };
    if before.sha256 == statement.sha256 || statement.previous == Some(before.sha256) {
        return Ok(());
    }
    let follows = statement.previous.map_or("none: it is a first list".into(), |sha256| sha256.to_string());
    Err(PublishError::NotNext { follows, published: before.sha256 })
}

/// No serial is ever used for other bytes, nor an older one logged, even if a publication never became public.
fn is_new(statement: &ListStatement, home: &LogHome) -> Result<(), PublishError> {
    for logged in home.manifests().map(|manifest| manifest.list) {
        if logged.serial == statement.serial && logged.sha256 != statement.sha256 {
            return Err(PublishError::SerialReused { serial: logged.serial, logged: logged.sha256 });
        }
        if logged.serial > statement.serial {
            return Err(PublishError::RolledBack { serial: statement.serial, logged: logged.serial });
        }
    }
    Ok(())
}
