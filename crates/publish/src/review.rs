//! Whether a statement is true of the list at hand, before anybody signs it.
//!
//! What the list changes is `starttls_policy::diff`.

use std::fmt::{self, Display};

use starttls_policy::{List, write};
use starttls_trust::Digest;
use starttls_trust::document::{Changes, ListStatement};

use crate::build::{self, Previous, number};

/// A number of the statement that is not true.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mismatch {
    /// What it is about.
    pub what: &'static str,
    /// As the statement has it.
    pub stated: String,
    /// As it is.
    pub found: String,
}

/// Everything in `statement` that is not true of `list`, of its `bytes`, or of the list before it.
pub fn mismatches(
    statement: &ListStatement,
    list: &List,
    bytes: &[u8],
    previous: Option<&Previous>,
) -> Vec<Mismatch> {
    let mut found = of_bytes(statement, number(bytes.len()), Digest::of(bytes));
    found.extend(of_list(statement, list));
    let mut canonical = String::new();
    let is_canonical = write::one(list, &mut canonical).is_ok() && canonical.as_bytes() == bytes;
    if !is_canonical {
        found.push(Mismatch {
            what: "form",
            stated: "canonical".into(),
            found: "another; `starttls list build` writes the canonical one".into(),
        });
    }
    found.extend(differs(
        "previous list",
        &or_first(statement.previous),
        &or_first(previous.map(|one| one.sha256)),
    ));
    found.extend(differs(
        "changes",
        &in_words(&statement.changes),
        &in_words(&build::changes(list, previous)),
    ));
    if let Some(before) = previous.filter(|before| before.list.head.serial >= statement.serial) {
        found.push(Mismatch {
            what: "serial",
            stated: statement.serial.to_string(),
            found: format!("not more than {} of the previous list", before.list.head.serial),
        });
    }
    found
}

/// What is not true of the bytes.
pub(crate) fn of_bytes(statement: &ListStatement, size: u64, sha256: Digest) -> Vec<Mismatch> {
    let size = differs("size", &statement.size, &size);
    let sha256 = differs("sha256", &statement.sha256, &sha256);
    size.into_iter().chain(sha256).collect()
}

/// What is not true of the list's head and its number of entries.
pub(crate) fn of_list(statement: &ListStatement, list: &List) -> Vec<Mismatch> {
    let or_none = |value: Option<String>| value.unwrap_or_else(|| "none".into());
    let head = &list.head;
    let all = [
        differs("author", &statement.author, &or_none(head.author.clone())),
        differs("serial", &statement.serial, &head.serial),
        differs("timestamp", &statement.timestamp, &or_none(head.timestamp.map(|time| time.to_string()))),
        differs("expires", &statement.expires, &or_none(head.expires.map(|time| time.to_string()))),
        differs("entries", &statement.entries, &number(list.entries.len())),
    ];
    all.into_iter().flatten().collect()
}

fn differs(what: &'static str, stated: &dyn Display, found: &dyn Display) -> Option<Mismatch> {
    let (stated, found) = (stated.to_string(), found.to_string());
    (stated != found).then_some(Mismatch { what, stated, found })
}

fn or_first(sha256: Option<Digest>) -> String {
    sha256.map_or_else(|| "none: it is the first".into(), |sha256| sha256.to_string())
}

/// `2 added, 1 removed`, or `none`.
pub(crate) fn in_words(changes: &Changes) -> String {
    let Changes { added, removed, tightened, relaxed, changed } = *changes;
    let all = [
        (added, "added"),
        (removed, "removed"),
        (tightened, "tightened"),
        (relaxed, "relaxed"),
        (changed, "changed otherwise"),
    ];
    let words: Vec<String> = all
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if words.is_empty() { "none".into() } else { words.join(", ") }
}

impl Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, stated, found } = self;
        write!(
            f,
            "{what}: the statement says {}, it is {}",
            starttls_policy::printable(stated),
            starttls_policy::printable(found)
        )
    }
}

#[cfg(test)]
mod reviewing {
    use super::*;
    use crate::build::{Order, Serial, build};
    use starttls_policy::Timestamp;

    const LIST: &str = r#"{"version": "1", "author": "A", "serial": 7, "timestamp": "2026-11-20T00:00:00Z",
        "expires": "2026-12-20T00:00:00Z", "policies": {"a.example": {"mode": "enforce", "mx": ["mx.a.example"]}}}"#;

    fn previous() -> Previous {
        let list = starttls_policy::read::list(LIST.as_bytes()).unwrap();
        Previous { list, sha256: Digest::of(LIST.as_bytes()) }
    }

    fn built() -> build::Built {
        let order = Order {
            sources: vec![previous().list],
            removed: Vec::new(),
            author: None,
            serial: Serial::Next,
            timestamp: Timestamp::parse("2026-12-01T00:00:00Z").unwrap(),
            expires: Timestamp::parse("2027-01-01T00:00:00Z").unwrap(),
            root: 1,
        };
        build(order, Some(&previous())).unwrap()
    }

    #[test]
    fn finds_nothing_in_a_true_statement() {
        let built = built();
        let found = mismatches(&built.statement, &built.list, built.text.as_bytes(), Some(&previous()));
        assert_eq!(found, []);
    }

    type Lie = fn(&mut ListStatement);

    #[test]
    fn finds_each_number_that_is_not_true() {
        let built = built();
        let lies: [(&str, Lie); 9] = [
            ("size", |one| one.size += 1),
            ("sha256", |one| one.sha256 = Digest::of(b"")),
            ("author", |one| one.author = "B".into()),
            ("serial", |one| one.serial = 9),
            ("timestamp", |one| one.timestamp = Timestamp::parse("2026-12-02T00:00:00Z").unwrap()),
            ("expires", |one| one.expires = Timestamp::parse("2026-12-02T00:00:00Z").unwrap()),
            ("entries", |one| one.entries = 2),
            ("previous list", |one| one.previous = None),
            ("changes", |one| one.changes.relaxed = 1),
        ];
        for (what, lie) in lies {
            let mut statement = built.statement.clone();
            lie(&mut statement);
            let found = mismatches(&statement, &built.list, built.text.as_bytes(), Some(&previous()));
            assert_eq!(found.iter().map(|one| one.what).collect::<Vec<_>>(), [what]);
        }
    }

    #[test]
    fn finds_bytes_that_are_not_canonical() {
        let built = built();
        let other = built.text.replace("{\"mode\"", "{ \"mode\"");
        let found = mismatches(&built.statement, &built.list, other.as_bytes(), Some(&previous()));
        assert_eq!(found.iter().map(|one| one.what).collect::<Vec<_>>(), ["size", "sha256", "form"]);
    }
}
