//! Overrides: the operator's word on single domains, kept as one file that is state and audit trail at once.
//!
//! Every `add` and `remove` appends a line; what is in force is what the lines amount to, read in order. Nothing is ever
//! rewritten. The pure half is here, in `record` and in `journal`; `file` reads and appends.
//! What an override does to a decision is `starttls_policy::decide`.
//!
//! Spec: docs/overrides.md.

mod file;
mod journal;
mod reason;
mod record;
#[cfg(test)]
mod tests;
mod until;

use std::collections::BTreeMap;

use starttls_policy::decide::overrides::Override;
use starttls_policy::{Domain, Timestamp};

pub use file::{FILE, FileError, append, read};
pub use journal::{Journal, JournalError, MAX_JOURNAL_BYTES, MAX_LINE_BYTES};
pub use reason::{MAX_REASON_CHARS, ReasonError, ReasonText};
pub use record::{Act, Actor, MAX_PATTERNS, Record, RecordError};
pub use until::{LONGEST_DAYS, UntilError, check_until, parse_until};

/// What all lines of the file amount to: the last word on each domain, ended or not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides(BTreeMap<Domain, Standing>);

/// An override that nobody has removed or replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The override.
    pub operator: Override,
    /// When it was added.
    pub at: Timestamp,
    /// Who added it.
    pub by: Actor,
}

impl Overrides {
    /// Reads the lines in order; a later one replaces what an earlier one says of its domain.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut overrides = BTreeMap::new();
        for record in records {
            match &record.act {
                Act::Add { ruling, until, reason } => {
                    let operator = Override {
                        domain: record.domain.clone(),
                        ruling: ruling.clone(),
                        until: *until,
                        reason: reason.as_str().to_owned(),
                    };
                    let standing = Standing { operator, at: record.at, by: record.by.clone() };
                    overrides.insert(record.domain.clone(), standing);
                }
                Act::Remove { .. } => {
                    overrides.remove(&record.domain);
                }
            }
        }
        Self(overrides)
    }

    /// The last word on a domain; it may have ended.
    pub fn get(&self, domain: &Domain) -> Option<&Override> {
        self.0.get(domain).map(|standing| &standing.operator)
    }

    /// What is in force at `now`, in the order of domains.
    pub fn in_force(&self, now: Timestamp) -> impl Iterator<Item = &Standing> {
        // `end == now` has ended.
        self.0.values().filter(move |standing| standing.operator.until > now)
    }
}
