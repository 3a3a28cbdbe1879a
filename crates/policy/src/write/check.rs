//! Whether a list can be written at all: what every reader holds, and what version 1 asks beyond the older forms.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;

use super::WriteError;
use crate::list::{Dialect, List, Terms};
use crate::mode::Mode;
use crate::policy::Policy;
use crate::timestamp::Timestamp;

/// The members of the head that every written form has.
pub(super) struct Head<'a> {
    pub(super) author: &'a str,
    pub(super) timestamp: Timestamp,
    pub(super) expires: Timestamp,
}

/// The head, complete.
pub(super) fn head(list: &List, to: Dialect) -> Result<Head<'_>, WriteError> {
    match (list.head.author.as_deref(), list.head.timestamp, list.head.expires) {
        (_, Some(timestamp), Some(expires)) if expires <= timestamp => Err(WriteError::EndsBeforeItBegins),
        (Some(author), Some(timestamp), Some(expires)) => Ok(Head { author, timestamp, expires }),
        (author, timestamp, expires) => {
            let all = [
                ("author", author.is_none()),
                ("timestamp", timestamp.is_none()),
                ("expires", expires.is_none()),
            ];
            let names = all.into_iter().filter_map(|(name, is_missing)| is_missing.then_some(name));
            Err(WriteError::MissingHead { names: names.collect::<Vec<_>>(), to })
        }
    }
}

/// What holds of every list that was read, for those that were put together by hand.
pub(super) fn entries(list: &List) -> Result<(), WriteError> {
    for alias in &list.aliases {
        policy(list, alias.name.as_str(), &alias.policy)?;
    }
    ascending(list.aliases.iter().map(|alias| alias.name.as_str()))?;
    for entry in &list.entries {
        match (&entry.terms, list.listed(entry)) {
            (Terms::Own(own), _) => policy(list, entry.domain.as_str(), own)?,
            (Terms::Alias(_), Some(_)) => {}
            (Terms::Alias(_), None) => {
                return Err(WriteError::UndefinedAlias { domain: entry.domain.clone() });
            }
        }
    }
    ascending(list.entries.iter().map(|entry| entry.domain.as_str()))
}

fn ascending<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), WriteError> {
    let mut before = "";
    for name in names {
        if name <= before {
            return Err(WriteError::OutOfOrder { name: name.to_owned() });
        }
        before = name;
    }
    Ok(())
}

fn policy(list: &List, name: &str, policy: &Policy) -> Result<(), WriteError> {
    if policy.mx.is_empty() && policy.mode != Mode::None {
        return Err(WriteError::NoMx { name: name.to_owned() });
    }
    match &policy.pinset {
        Some(pinset) if list.pinsets.get(&pinset.name) != Some(pinset) => {
            Err(WriteError::UndefinedPinset { pinset: pinset.name.clone(), name: name.to_owned() })
        }
        _ => Ok(()),
    }
}
