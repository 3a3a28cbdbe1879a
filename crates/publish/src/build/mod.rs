//! A list made ready for signing: canonical bytes, and the statement that organisations sign.
//!
//! Pure, so that two organisations that build from the same inputs get the same bytes: time and serial come in as
//! arguments.
//!
//! Spec: docs/list-format.md, "Canonical form"; docs/list-distribution.md, "Documents".

mod combine;

use starttls_policy::diff::{self, Totals};
use starttls_policy::read::{self, ReadError};
use starttls_policy::write::{self, WriteError};
use starttls_policy::{Domain, Finding, List, Severity, Timestamp, check};
use starttls_trust::document::{Changes, ListStatement, MAX_LIFE_DAYS};
use starttls_trust::{Digest, Document, DocumentError};

/// What to build.
#[derive(Debug)]
pub struct Order {
    /// Lists of any dialect; a later one replaces whole entries, shared policies and pinsets of an earlier one.
    pub sources: Vec<List>,
    /// Domains to leave out.
    pub removed: Vec<Domain>,
    /// Who speaks; as in the first source that says so when it is `None`.
    pub author: Option<String>,
    /// Which serial.
    pub serial: Serial,
    /// When it is issued.
    pub timestamp: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
    /// Version of the root in force.
    pub root: u64,
}

/// Which serial a list gets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Serial {
    /// One more than the list before; 1 of the first.
    Next,
    /// That one.
    Is(u64),
}

/// The list that was published before.
#[derive(Debug)]
pub struct Previous {
    /// The list.
    pub list: List,
    /// Hash of its bytes.
    pub sha256: Digest,
}

/// A list and its statement.
#[derive(Debug)]
pub struct Built {
    /// The list.
    pub list: List,
    /// Its canonical bytes.
    pub text: String,
    /// What organisations sign.
    pub statement: ListStatement,
    /// What is worth knowing of the list; none of severity error.
    pub findings: Vec<Finding>,
}

/// Why no list comes of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Nothing to build from.
    #[error("there is no list to build from")]
    NoSource,
    /// A domain that is to be left out is in none of the lists.
    #[error("{domain} is to be left out, and no list names it; was it spelled wrong?")]
    NotThere {
        /// The domain.
        domain: Domain,
    },
    /// Clients that have the list before would refuse this one.
    #[error("the serial is {serial}, and the list before has {previous}; it must grow")]
    SerialDoesNotGrow {
        /// Of the list to build.
        serial: u64,
        /// Of the list before.
        previous: u64,
    },
    /// Clients that have the list before would refuse this one.
    #[error("the list would be issued at {timestamp}, before its predecessor of {previous}; check the clock")]
    IssuedEarlier {
        /// Of the list to build.
        timestamp: Timestamp,
        /// Of the list before.
        previous: Timestamp,
    },
    /// It would live too long, or not at all.
    #[error(
        "the list would expire at {expires}; want 1 second to {MAX_LIFE_DAYS} days after its timestamp {timestamp}"
    )]
    Life {
        /// When it would be issued.
        timestamp: Timestamp,
        /// When it would end.
        expires: Timestamp,
    },
    /// Canonical form cannot say it.
    #[error("the list cannot be written in canonical form")]
    Write(#[from] WriteError),
    /// What was written does not read: the fault is ours.
    #[error("the list that was written does not read; this is a fault of the program, please report it")]
    Unreadable(#[source] Box<ReadError>),
    /// Something about it does not work.
    #[error("the list has {} of severity error; `starttls list check` shows them", .0.len())]
    Findings(
        /// Those of severity error.
        Vec<Finding>,
    ),
    /// The statement makes no sense.
    #[error("the list's statement makes no sense")]
    Statement(#[from] DocumentError),
}

/// Builds a list and its statement.
///
/// # Errors
/// [`BuildError`].
pub fn build(order: Order, previous: Option<&Previous>) -> Result<Built, BuildError> {
    let Order { sources, removed, author, serial, timestamp, expires, root } = order;
    let life = timestamp.until(expires).as_secs();
    if life == 0 || life > u64::from(MAX_LIFE_DAYS) * 86_400 {
        return Err(BuildError::Life { timestamp, expires });
    }
    let mut list = combine::combined(sources).ok_or(BuildError::NoSource)?;
    combine::remove(&mut list, &removed).map_err(|domain| BuildError::NotThere { domain })?;
    list.head.serial = follow(serial, timestamp, previous)?;
    list.head.timestamp = Some(timestamp);
    list.head.expires = Some(expires);
    list.head.author = author.or(list.head.author);
    let mut text = String::new();
    write::one(&list, &mut text)?;
    let read = read::list(text.as_bytes()).map_err(|error| BuildError::Unreadable(Box::new(error)))?;
    let mut findings = std::mem::take(&mut list.findings);
    findings.extend(check::list(&read, timestamp));
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let errors: Vec<Finding> = errors.cloned().collect();
    if !errors.is_empty() {
        return Err(BuildError::Findings(errors));
    }
    let statement = stated(&list, text.as_bytes(), root, previous)?;
    Ok(Built { list: read, text, statement, findings })
}

/// The serial, if clients that have the list before would take it.
fn follow(serial: Serial, timestamp: Timestamp, previous: Option<&Previous>) -> Result<u64, BuildError> {
    let Some(Previous { list: before, .. }) = previous else {
        return Ok(match serial {
            Serial::Next => 1,
            Serial::Is(serial) => serial,
        });
    };
    let serial = match serial {
        Serial::Next => before.head.serial.saturating_add(1),
        Serial::Is(serial) => serial,
    };
    if serial <= before.head.serial {
        return Err(BuildError::SerialDoesNotGrow { serial, previous: before.head.serial });
    }
    match before.head.timestamp {
        Some(previous) if timestamp < previous => Err(BuildError::IssuedEarlier { timestamp, previous }),
        _ => Ok(serial),
    }
}

/// What is true of a list and its bytes.
fn stated(
    list: &List,
    bytes: &[u8],
    root: u64,
    previous: Option<&Previous>,
) -> Result<ListStatement, BuildError> {
    let missing = |name| WriteError::MissingHead { names: vec![name], to: list.head.dialect };
    let statement = ListStatement {
        root,
        author: list.head.author.clone().ok_or_else(|| missing("author"))?,
        serial: list.head.serial,
        timestamp: list.head.timestamp.ok_or_else(|| missing("timestamp"))?,
        expires: list.head.expires.ok_or_else(|| missing("expires"))?,
        entries: number(list.entries.len()),
        size: number(bytes.len()),
        sha256: Digest::of(bytes),
        previous: previous.map(|previous| previous.sha256),
        changes: changes(list, previous),
    };
    Ok(ListStatement::parse(&Document::from(statement).to_text())?)
}

/// How many entries change against the list before; all are new of the first.
pub(crate) fn changes(list: &List, previous: Option<&Previous>) -> Changes {
    let Some(previous) = previous else {
        return Changes { added: number(list.entries.len()), ..Changes::default() };
    };
    let Totals { added, removed, tightened, relaxed, incomparable, restated, .. } =
        diff::between(&previous.list, list).totals;
    Changes {
        added: number(added),
        removed: number(removed),
        tightened: number(tightened),
        relaxed: number(relaxed),
        changed: number(incomparable + restated),
    }
}

pub(crate) fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
