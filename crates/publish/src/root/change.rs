//! What one root changes of the one before it, in facts that a signer must see.

use std::collections::BTreeSet;
use std::fmt;

use starttls_trust::VerifierKey;
use starttls_trust::document::{Role, Root, Witness};

/// One change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// A new organisation.
    OrganisationAdded(String),
    /// One that may sign nothing any more.
    OrganisationRemoved(String),
    /// An organisation has a new key.
    KeyAdded(String, VerifierKey),
    /// A key of an organisation no longer counts.
    KeyRemoved(String, VerifierKey),
    /// So many must sign now, of so many that may.
    Role {
        /// `root`, `list` or `relax`.
        role: &'static str,
        /// As it was.
        old: String,
        /// As it is.
        new: String,
    },
    /// Another log.
    LogKey(VerifierKey, VerifierKey),
    /// A new witness.
    WitnessAdded(String, VerifierKey),
    /// One that no longer counts.
    WitnessRemoved(String, VerifierKey),
    /// A witness is asked elsewhere.
    WitnessUrl(String, String),
    /// So many must have seen the log.
    Quorum(u32, u32),
    /// Days until a list is called ageing.
    AgeingDays(u32, u32),
    /// Days until it ends.
    MaxStaleDays(u32, u32),
}

/// All changes from `old` to `new`, but version and time.
pub fn changes(old: &Root, new: &Root) -> Vec<Change> {
    let mut changes = Vec::new();
    organisations(old, new, &mut changes);
    let roles = [
        ("root", &old.roles.root, &new.roles.root),
        ("list", &old.roles.list, &new.roles.list),
        ("relax", &old.roles.relax, &new.roles.relax),
    ];
    for (role, old, new) in roles.into_iter().filter(|(_, old, new)| old != new) {
        changes.push(Change::Role { role, old: in_words(old), new: in_words(new) });
    }
    if old.log.key != new.log.key {
        changes.push(Change::LogKey(old.log.key.clone(), new.log.key.clone()));
    }
    witnesses(old, new, &mut changes);
    if old.quorum != new.quorum {
        changes.push(Change::Quorum(old.quorum, new.quorum));
    }
    let (before, after) = (old.limits, new.limits);
    if before.ageing_days != after.ageing_days {
        changes.push(Change::AgeingDays(before.ageing_days, after.ageing_days));
    }
    if before.max_stale_days != after.max_stale_days {
        changes.push(Change::MaxStaleDays(before.max_stale_days, after.max_stale_days));
    }
    changes
}

/// `2 of alpha, beta, gamma`.
pub(crate) fn in_words(role: &Role) -> String {
    let names: Vec<&str> = role.organisations.iter().map(String::as_str).collect();
    format!("{} of {}", role.threshold, names.join(", "))
}

fn organisations(old: &Root, new: &Root, changes: &mut Vec<Change>) {
    let names: BTreeSet<&String> = old.organisations.keys().chain(new.organisations.keys()).collect();
    for name in names {
        let of = |root: &Root| -> BTreeSet<VerifierKey> {
            root.organisations.get(name).into_iter().flat_map(|one| one.keys.iter().cloned()).collect()
        };
        let (before, after) = (of(old), of(new));
        if !old.organisations.contains_key(name) {
            changes.push(Change::OrganisationAdded(name.clone()));
        }
        if !new.organisations.contains_key(name) {
            changes.push(Change::OrganisationRemoved(name.clone()));
        }
        let removed = before.difference(&after).cloned();
        changes.extend(removed.map(|key| Change::KeyRemoved(name.clone(), key)));
        let added = after.difference(&before).cloned();
        changes.extend(added.map(|key| Change::KeyAdded(name.clone(), key)));
    }
}

fn witnesses(old: &Root, new: &Root, changes: &mut Vec<Change>) {
    let find = |root: &Root, one: &Witness| {
        let is_same = |other: &&Witness| (&other.organisation, &other.key) == (&one.organisation, &one.key);
        root.witnesses.iter().find(is_same).cloned()
    };
    for one in old.witnesses.iter().filter(|one| find(new, one).is_none()) {
        changes.push(Change::WitnessRemoved(one.organisation.clone(), one.key.clone()));
    }
    for one in &new.witnesses {
        match find(old, one) {
            None => changes.push(Change::WitnessAdded(one.organisation.clone(), one.key.clone())),
            Some(before) if before.url != one.url => {
                changes.push(Change::WitnessUrl(one.organisation.clone(), one.url.clone()));
            }
            Some(_) => {}
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OrganisationAdded(name) => write!(f, "organisation {name} is added"),
            Self::OrganisationRemoved(name) => {
                write!(f, "organisation {name} is removed: it may sign nothing any more")
            }
            Self::KeyAdded(name, key) => write!(f, "{name} may sign with the new key {key}"),
            Self::KeyRemoved(name, key) => write!(f, "the key {key} of {name} no longer counts"),
            Self::Role { role, old, new } => write!(f, "role {role}: {old} becomes {new}"),
            Self::LogKey(old, new) => write!(f, "the log's key {old} becomes {new}"),
            Self::WitnessAdded(name, key) => write!(f, "witness {key} of {name} is added"),
            Self::WitnessRemoved(name, key) => write!(f, "witness {key} of {name} no longer counts"),
            Self::WitnessUrl(name, url) => {
                write!(f, "the witness of {name} is asked at {}", starttls_policy::printable(url))
            }
            Self::Quorum(old, new) => write!(f, "quorum of witnesses: {old} becomes {new}"),
            Self::AgeingDays(old, new) => {
                write!(f, "a list is called ageing after {new} days instead of {old}")
            }
            Self::MaxStaleDays(old, new) => {
                write!(f, "a list without fresh cosignatures ends after {new} days instead of {old}")
            }
        }
    }
}
