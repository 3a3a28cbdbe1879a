//! Thresholds: how many organisations signed, of those who have a say. Keys are never counted.
//!
//! Spec: docs/list-distribution.md, "Keys and notes" and "Acceptance", step 2.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use starttls_policy::printable;

use crate::document::{Role, Root};
use crate::key::VerifierKey;
use crate::note::{NoteError, SignedNote};

/// What may be signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RoleName {
    /// The next root.
    Root,
    /// Lists.
    List,
    /// Orders to relax.
    Relax,
}

/// Whose signatures stand under a note, as one root sees it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Signers {
    /// Organisations that have a say in the role, each once.
    pub counted: BTreeSet<String>,
    /// Organisations of the root that have none.
    pub outside: BTreeSet<String>,
    /// Keys that the root does not name, or whose algorithm this version does not know: `name+id`.
    pub unknown: BTreeSet<String>,
}

/// Too few organisations signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shortfall {
    /// For what.
    pub role: RoleName,
    /// Version of the root that says who is needed.
    pub root: u64,
    /// So many are needed.
    pub threshold: u32,
    /// Of these.
    pub organisations: BTreeSet<String>,
    /// Who signed.
    pub signers: Signers,
}

/// Why a note does not count.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ThresholdError {
    /// It cannot be trusted whoever signed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Too few organisations signed.
    #[error("{0}")]
    Below(Box<Shortfall>),
}

/// Unknown keys that are named in an error; the rest is left to whoever reads the note.
const NAMED_UNKNOWN_KEYS: usize = 5;

/// Whose signatures stand under the note, each organisation once.
///
/// # Errors
/// [`NoteError::BadSignature`] when a key of the root has a wrong signature there.
pub fn organisations(root: &Root, role: RoleName, note: &SignedNote) -> Result<Signers, NoteError> {
    let signed = signed_by(root, note)?;
    let mut signers = Signers::default();
    for name in signed.keys() {
        let has_say = role.of(root).organisations.contains(*name);
        let side = if has_say { &mut signers.counted } else { &mut signers.outside };
        side.insert((*name).into());
    }
    let keys = || signed.values().flatten();
    let unknown = note
        .signed_as()
        .filter(|(name, id)| !keys().any(|key| (key.name(), key.id()) == (name.as_str(), *id)));
    signers.unknown = unknown.map(|(name, id)| format!("{}+{id:08x}", printable(&name))).collect();
    Ok(signers)
}

/// Organisations of the root that signed, each with the keys that it used.
pub(crate) fn signed_by<'a>(
    root: &'a Root,
    note: &SignedNote,
) -> Result<BTreeMap<&'a str, Vec<&'a VerifierKey>>, NoteError> {
    let keys: Vec<&VerifierKey> = root.organisations.values().flat_map(|one| &one.keys).collect();
    let signed = note.signers(&keys)?;
    let used = root.organisations.iter().map(|(name, organisation)| {
        let used: Vec<_> = organisation.keys.iter().filter(|key| signed.contains(key)).collect();
        (name.as_str(), used)
    });
    Ok(used.filter(|(_, used)| !used.is_empty()).collect())
}

/// The organisations that signed in that role, when they are enough.
///
/// # Errors
/// [`ThresholdError`] names who signed and who is needed.
pub fn met(root: &Root, role: RoleName, note: &SignedNote) -> Result<BTreeSet<String>, ThresholdError> {
    let signers = organisations(root, role, note)?;
    let Role { threshold, organisations } = role.of(root);
    if role.of(root).is_met(signers.counted.len()) {
        return Ok(signers.counted);
    }
    Err(ThresholdError::Below(Box::new(Shortfall {
        role,
        root: root.version,
        threshold: *threshold,
        organisations: organisations.clone(),
        signers,
    })))
}

impl RoleName {
    /// Who that is under a root.
    pub const fn of(self, root: &Root) -> &Role {
        match self {
            Self::Root => &root.roles.root,
            Self::List => &root.roles.list,
            Self::Relax => &root.roles.relax,
        }
    }

    /// The word used in roots.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::List => "list",
            Self::Relax => "relax",
        }
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { role, root, threshold, organisations, signers } = self;
        if signers.counted.is_empty() {
            f.write_str("signed by none that counts")?;
        } else {
            write!(f, "signed by {}", joined(&signers.counted))?;
        }
        write!(f, "; root {root} wants {threshold} of {} for the role `{role}`", joined(organisations))?;
        if !signers.outside.is_empty() {
            write!(f, "; {} signed too and has no say there", joined(&signers.outside))?;
        }
        if !signers.unknown.is_empty() {
            let first: Vec<&str> =
                signers.unknown.iter().take(NAMED_UNKNOWN_KEYS).map(String::as_str).collect();
            write!(f, "; unknown keys signed too: {}", first.join(", "))?;
        }
        Ok(())
    }
}

/// Names with commas between them.
pub(crate) fn joined(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
