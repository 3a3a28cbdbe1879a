//! A policy list in memory: one form, whatever dialect it was read from.
//!
//! Entries stand sorted by domain, each domain once. Reading is [`read`](crate::read), writing `crate::write`,
//! several lists together are `crate::merge`.
//!
//! Spec: docs/list-format.md.

#[cfg(test)]
pub(crate) mod arbitrary;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use smol_str::SmolStr;

use crate::domain::Domain;
use crate::finding::Finding;
use crate::pin::{Label, Pinset};
use crate::policy::Policy;
use crate::timestamp::{Date, Timestamp};

/// Members whose names begin with `x-`: kept, never acted on.
pub type Extensions = BTreeMap<SmolStr, serde_json::Value>;

/// A policy list.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// What stands above the entries.
    pub head: Head,
    /// Pinsets by name.
    pub pinsets: BTreeMap<Label, Arc<Pinset>>,
    /// `x-` members of pinsets, of the few that have any; beside the pinset, since they never bear on a policy.
    pub pinset_extensions: BTreeMap<Label, Extensions>,
    /// Policies that entries share, sorted by name.
    pub aliases: Vec<Alias>,
    /// Sorted by domain, no domain twice.
    pub entries: Vec<Entry>,
    /// What reading had to change, drop or guess.
    pub findings: Vec<Finding>,
}

/// What stands above the entries of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The form the list was read from.
    pub dialect: Dialect,
    /// Who speaks.
    pub author: Option<String>,
    /// Grows with every issue; of dialects without one, the timestamp in seconds (0 if that is missing too).
    pub serial: u64,
    /// When it was issued.
    pub timestamp: Option<Timestamp>,
    /// When it ends; a list without an end counts as ended.
    pub expires: Option<Timestamp>,
    /// `x-` members.
    pub extensions: Extensions,
}

/// The forms that are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// The design of 2014: `tls-policies` and `acceptable-mxs`.
    Original,
    /// EFF's format 0.1, 2018 to 2020.
    Eff,
    /// Our version 1.
    One,
}

/// A policy that many entries share: that of an MX operator.
#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    /// Its name in the list.
    pub name: Label,
    /// What it says.
    pub policy: Policy,
    /// What else is noted of it.
    pub notes: Notes,
}

/// One domain of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The policy domain.
    pub domain: Domain,
    /// Its policy.
    pub terms: Terms,
    /// What else is noted of it; absent in most entries.
    pub notes: Option<Box<Notes>>,
}

/// An entry's own policy, or the place of a shared one.
#[derive(Clone, Debug, PartialEq)]
pub enum Terms {
    /// Index into [`List::aliases`].
    Alias(u32),
    /// Written out in the entry.
    Own(Box<Policy>),
}

/// What is noted beside a policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notes {
    /// Since when the policy is as it stands.
    pub since: Option<Date>,
    /// Where the grounds for it can be read (`https:` URLs).
    pub evidence: Vec<String>,
    /// `x-` members.
    pub extensions: Extensions,
}

/// An entry together with the policy it means.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// The policy domain.
    pub domain: &'a Domain,
    /// The policy, its own or the shared one.
    pub policy: &'a Policy,
    /// The shared policy's name.
    pub alias: Option<&'a Label>,
    /// Since when the policy is as it stands: the later of the entry's and the shared policy's date.
    pub since: Option<Date>,
}

impl List {
    /// The entry of a domain; its parents' entries do not count.
    pub fn get(&self, domain: &Domain) -> Option<Listed<'_>> {
        let at = self.entries.binary_search_by(|entry| entry.domain.cmp(domain)).ok()?;
        self.entries.get(at).and_then(|entry| self.listed(entry))
    }

    /// All entries, sorted by domain.
    pub fn iter(&self) -> impl Iterator<Item = Listed<'_>> {
        self.entries.iter().filter_map(|entry| self.listed(entry))
    }

    /// The entry with its policy; `None` only for an entry of another list.
    pub fn listed<'a>(&'a self, entry: &'a Entry) -> Option<Listed<'a>> {
        let own_since = entry.notes.as_ref().and_then(|notes| notes.since);
        Some(match &entry.terms {
            Terms::Own(policy) => Listed { domain: &entry.domain, policy, alias: None, since: own_since },
            Terms::Alias(index) => {
                let alias = self.aliases.get(usize::try_from(*index).ok()?)?;
                Listed {
                    domain: &entry.domain,
                    policy: &alias.policy,
                    alias: Some(&alias.name),
                    since: own_since.max(alias.notes.since),
                }
            }
        })
    }

    /// How many entries refer to each of [`List::aliases`].
    pub fn domains_per_alias(&self) -> Vec<usize> {
        let mut domains: Vec<usize> = self.aliases.iter().map(|_| 0).collect();
        let referred = self.entries.iter().filter_map(|entry| match entry.terms {
            Terms::Alias(index) => usize::try_from(index).ok(),
            Terms::Own(_) => None,
        });
        for index in referred {
            if let Some(count) = domains.get_mut(index) {
                *count += 1;
            }
        }
        domains
    }

    /// Tells whether the list has ended at `now`; one without an end has (design §4).
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.head.has_ended(now)
    }
}

impl Head {
    /// Tells whether the list has ended at `now`; one without an end has (design §4).
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| end <= now)
    }
}

impl Dialect {
    /// The word used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Original => "2014",
            Self::Eff => "0.1",
            Self::One => "1",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
