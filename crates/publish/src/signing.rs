//! Signing on an offline machine: what a small file says in words, and whether this key may sign it.
//!
//! Spec: docs/list-distribution.md, "Documents"; docs/maintainer-ceremony.md, "Signing".

use starttls_policy::printable;
use starttls_trust::document::{ListStatement, RelaxCancel, RelaxOrder, Root};
use starttls_trust::{Algorithm, Document, NoteError, SignedNote, VerifierKey};

use crate::key_file::{KeyFile, Purpose};
use crate::note_file::NoteFile;
use crate::{review, root};

/// What a document says, for the eye of whoever signs it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Explained {
    /// What it is.
    pub title: String,
    /// What it says; a line without a name belongs to the one above.
    pub facts: Vec<(&'static str, String)>,
    /// What is typed to sign it: serial, version or organisation.
    pub confirmation: String,
    /// What that is called.
    pub confirmation_name: &'static str,
}

/// Why something is not signed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// A document that organisations do not sign.
    #[error("nobody signs a document of type `{type_name}`; it is made when a list is published")]
    NotSigned {
        /// Its type.
        type_name: &'static str,
    },
    /// A witness's key.
    #[error("{key} is a witness's key: it cosigns checkpoints and nothing else")]
    WitnessKey {
        /// The public half.
        key: VerifierKey,
    },
    /// The log's key.
    #[error("{key} is a log's key: it signs checkpoints and nothing else")]
    LogKey {
        /// The public half.
        key: VerifierKey,
    },
    /// A key that the root does not have.
    #[error(
        "root {version} has no organisation with the key {key}; was the key replaced, or is the root an old one?"
    )]
    UnknownKey {
        /// The root's version.
        version: u64,
        /// The public half.
        key: VerifierKey,
    },
    /// A key of an organisation that has no say here.
    #[error("{organisation} is not among those who may sign this: {}", may.join(", "))]
    WrongRole {
        /// Whose key it is.
        organisation: String,
        /// Those who may.
        may: Vec<String>,
    },
    /// An order in the name of somebody else.
    #[error("this is in the name of {named}, and the key is {organisation}'s")]
    OtherOrganisation {
        /// In whose name it is.
        named: String,
        /// Whose key it is.
        organisation: String,
    },
    /// There is a wrong signature under it already.
    #[error("it was changed after somebody signed it; get a fresh copy")]
    Note(#[from] NoteError),
}

/// What a document says; with what it changes, where the root in force is known.
///
/// # Errors
/// [`SigningError::NotSigned`].
pub fn explain(document: &Document, current: Option<&Root>) -> Result<Explained, SigningError> {
    match document {
        Document::Root(root) => Ok(explain_root(root, current)),
        Document::List(statement) => Ok(explain_list(statement)),
        Document::Relax(order) => Ok(explain_relax(order)),
        Document::RelaxCancel(cancel) => Ok(explain_cancel(cancel)),
        Document::RelaxSet(_) | Document::Manifest(_) | Document::Leaf(_) => {
            Err(SigningError::NotSigned { type_name: document.type_name() })
        }
    }
}

fn explain_list(statement: &ListStatement) -> Explained {
    let days = statement.timestamp.until(statement.expires).as_secs() / 86_400;
    Explained {
        title: "a policy list".into(),
        facts: vec![
            ("author", printable(&statement.author)),
            ("serial", statement.serial.to_string()),
            ("issued", statement.timestamp.to_string()),
            ("expires", format!("{} ({days} days)", statement.expires)),
            ("entries", statement.entries.to_string()),
            ("changes", review::in_words(&statement.changes)),
            ("size", format!("{} bytes", statement.size)),
            ("sha256", statement.sha256.to_string()),
            ("follows", statement.previous.map_or("nothing: it is the first".into(), |one| one.to_string())),
            ("under root", statement.root.to_string()),
        ],
        confirmation: statement.serial.to_string(),
        confirmation_name: "serial",
    }
}

fn explain_root(root: &Root, current: Option<&Root>) -> Explained {
    let mut facts = vec![("version", root.version.to_string()), ("made", root.timestamp.to_string())];
    for (name, organisation) in &root.organisations {
        for key in &organisation.keys {
            facts.push(("key", format!("{name}: {key}")));
        }
    }
    let roles = [
        ("signs roots", &root.roles.root),
        ("signs lists", &root.roles.list),
        ("relaxes", &root.roles.relax),
    ];
    facts.extend(roles.map(|(name, role)| (name, root::in_words(role))));
    facts.push(("log", root.log.key.to_string()));
    for witness in &root.witnesses {
        facts.push((
            "witness",
            format!("{}: {} at {}", witness.organisation, witness.key, printable(&witness.url)),
        ));
    }
    facts.push(("quorum", format!("{} organisations' witnesses", root.quorum)));
    let limits = root.limits;
    facts.push((
        "staleness",
        format!("ageing after {} days, ended after {}", limits.ageing_days, limits.max_stale_days),
    ));
    if let Some(current) = current.filter(|current| *current != root) {
        facts.extend(root::changes(current, root).iter().map(|change| ("CHANGES", change.to_string())));
    }
    Explained {
        title: "a root: who may say what from now on".into(),
        facts,
        confirmation: root.version.to_string(),
        confirmation_name: "version",
    }
}

fn explain_relax(order: &RelaxOrder) -> Explained {
    let days = order.timestamp.until(order.expires).as_secs().div_ceil(86_400);
    let mut facts = vec![
        ("organisation", printable(&order.organisation)),
        ("from", order.timestamp.to_string()),
        ("until", format!("{} ({days} days)", order.expires)),
        ("reason", printable(&order.reason)),
    ];
    facts.extend(order.domains.iter().map(|domain| ("domain", domain.to_string())));
    facts.extend(order.providers.iter().map(|provider| ("all domains of", provider.to_string())));
    Explained {
        title: "an order to relax: mail to these domains may be downgraded".into(),
        facts,
        confirmation: printable(&order.organisation),
        confirmation_name: "organisation",
    }
}

fn explain_cancel(cancel: &RelaxCancel) -> Explained {
    Explained {
        title: "the end of an order to relax: its domains are enforced again".into(),
        facts: vec![
            ("organisation", printable(&cancel.organisation)),
            ("order", cancel.order.to_string()),
            ("at", cancel.timestamp.to_string()),
            ("reason", printable(&cancel.reason)),
        ],
        confirmation: printable(&cancel.organisation),
        confirmation_name: "organisation",
    }
}

/// Tells whether the key may sign the document, as far as that can be told, and in whose name if the root is known.
///
/// # Errors
/// [`SigningError`].
pub fn permitted(
    document: &Document,
    file: &KeyFile,
    current: Option<&Root>,
) -> Result<Option<String>, SigningError> {
    explain(document, current)?;
    let key = file.key.public();
    let roots = current.into_iter().chain(match document {
        Document::Root(root) => Some(root),
        _ => None,
    });
    let roots: Vec<&Root> = roots.collect();
    let is_witness = key.algorithm() == Algorithm::Cosignature || file.purpose == Some(Purpose::Witness);
    if is_witness || roots.iter().flat_map(|root| &root.witnesses).any(|one| one.key.bytes() == key.bytes()) {
        return Err(SigningError::WitnessKey { key: key.clone() });
    }
    let is_log = file.purpose == Some(Purpose::Log);
    if is_log || roots.iter().any(|root| root.log.key.bytes() == key.bytes()) {
        return Err(SigningError::LogKey { key: key.clone() });
    }
    let Some(newest) = roots.iter().max_by_key(|root| root.version) else { return Ok(None) };
    let owner = roots.iter().rev().find_map(|root| owner(root, key));
    let owner =
        owner.ok_or_else(|| SigningError::UnknownKey { version: newest.version, key: key.clone() })?;
    in_role(document, &roots, owner)?;
    Ok(Some(owner.to_owned()))
}

fn owner<'a>(root: &'a Root, key: &VerifierKey) -> Option<&'a str> {
    let mut organisations = root.organisations.iter();
    organisations.find(|(_, one)| one.keys.contains(key)).map(|(name, _)| name.as_str())
}

fn in_role(document: &Document, roots: &[&Root], owner: &str) -> Result<(), SigningError> {
    let named = match document {
        Document::Relax(order) => Some(&order.organisation),
        Document::RelaxCancel(cancel) => Some(&cancel.organisation),
        _ => None,
    };
    let may = roots.iter().flat_map(|root| {
        let roles = &root.roles;
        match document {
            Document::Root(_) => vec![&roles.root],
            Document::List(_) => vec![&roles.list],
            _ => vec![&roles.list, &roles.relax],
        }
    });
    let may: std::collections::BTreeSet<&str> =
        may.flat_map(|role| role.organisations.iter().map(String::as_str)).collect();
    if !may.contains(owner) {
        let may = may.into_iter().map(str::to_owned).collect();
        return Err(SigningError::WrongRole { organisation: owner.into(), may });
    }
    match named {
        // A relax order is renewed by all of the role `list`, each under the first one's name.
        Some(named) if matches!(document, Document::RelaxCancel(_)) && named != owner => {
            Err(SigningError::OtherOrganisation { named: named.clone(), organisation: owner.into() })
        }
        _ => Ok(()),
    }
}

/// Adds the key's signature; one that it made before is replaced.
///
/// # Errors
/// [`SigningError`]; and a signature of this very key that is wrong, since the text changed since then.
pub fn sign(file: NoteFile, key: &KeyFile, current: Option<&Root>) -> Result<SignedNote, SigningError> {
    permitted(&file.document, key, current)?;
    file.note.signers(&[key.key.public()])?;
    Ok(file.note.signed_by(&key.key))
}

#[cfg(test)]
mod tests;
