//! The policy table as Postfix reads it, compared with what was written.
//!
//! Tables of compiled kinds have an index beside the text, and only the index answers.
//!
//! Spec: postmap(1) `-q -`, `-s`; `DATABASE_README`.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::Path;

use starttls_mta::postfix::{PolicyMaps, TABLE, TableType};

use super::composition::local;
use super::native;
use super::reference::{POLICY_MAPS, Reference};
use super::table::for_each_line;
use super::{Detected, Instance, Table};
use crate::generations::{CURRENT, current};
use crate::validity::{Validity, table_sha256};

/// A table with more lines is compared by samples.
const MAX_COMPARED_LINES: u64 = 20_000;

/// The table on disk, compared with the activation record and with what Postfix answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TableState {
    /// It is the one that was activated, and Postfix answers accordingly.
    Same,
    /// It has other bytes.
    Changed,
    /// There is none: Postfix defers all mail if it is configured to use it.
    Missing,
    /// It cannot be read.
    Unreadable,
    /// No record says what it should be.
    Unrecorded,
    /// `current` does not lead to one of our generations, so the table there is not ours.
    Astray,
    /// Postfix cannot open it: it defers all mail. The text is the reason.
    Silent(String),
    /// Postfix answers something else than the text says, as from an old index. The text is the difference.
    Differs(String),
}

impl TableState {
    /// Tells whether Postfix defers all mail if its configuration names the table.
    pub fn defers_mail(&self) -> bool {
        matches!(self, Self::Missing | Self::Silent(_))
    }

    /// Looks at the table of an output directory.
    pub(super) fn look(
        instance: &Instance,
        server: &Detected,
        output: &Path,
        validity: Option<&Validity>,
    ) -> Self {
        let path = output.join(CURRENT);
        let found = match (table_sha256(&path), validity) {
            (Err(error), _) if error.kind() == io::ErrorKind::NotFound => return Self::Missing,
            (Err(_), _) => return Self::Unreadable,
            (Ok(_), _) if current(output).is_err() => return Self::Astray,
            (Ok(_), None) => Self::Unrecorded,
            (Ok(found), Some(validity)) if found == validity.table_sha256 => Self::Same,
            (Ok(_), Some(_)) => return Self::Changed,
        };
        let kind = validity.map(Validity::table_type);
        answers(instance, server, output, kind).unwrap_or(found)
    }
}

/// Tells whether Postfix answers what the text of the table in force says, through every name that the configuration
/// has for it; true without `postmap`, and for a table that the configuration does not name.
pub fn answers_as_written(instance: &Instance, server: &Detected, output: &Path) -> bool {
    answers(instance, server, output, None).is_none()
}

/// What is wrong with the answers; `None` if nothing is.
fn answers(
    instance: &Instance,
    server: &Detected,
    output: &Path,
    kind: Option<TableType>,
) -> Option<TableState> {
    instance.commands().find("postmap")?;
    let reference = Reference::new(output);
    let services = server.smtp_services.iter().filter_map(|service| service.overrides.get(POLICY_MAPS));
    let values = services.map(String::as_str).chain([server.setting(POLICY_MAPS)]);
    let tables = values.flat_map(|value| PolicyMaps(value).tables()).filter(|table| reference.is(table));
    let mut names: BTreeSet<String> = tables.filter_map(|table| local(table).ok()).collect();
    // Within another table, such as `unionmap`.
    if names.is_empty() && server.leads_into(output, server.setting(POLICY_MAPS)) {
        names.extend(kind.map(|kind| reference.spelled(kind)));
    }
    let path = output.join(CURRENT).join(TABLE);
    names.iter().find_map(|name| compare(instance, name, &path).err())
}

fn compare(instance: &Instance, name: &str, path: &Path) -> Result<(), TableState> {
    let read = |error: super::TableError| TableState::Differs(starttls_policy::with_causes(&error));
    let table = Table::read(path).map_err(read)?;
    let samples = if table.lines > MAX_COMPARED_LINES {
        table.samples
    } else {
        let mut all = Vec::new();
        for_each_line(path, |line| {
            let (key, value) = line.split_once(' ').unwrap_or((line, ""));
            all.push((key.to_owned(), value.to_owned()));
            Ok(())
        })
        .map_err(read)?;
        all
    };
    let answers = native::ask(instance, name, &samples).map_err(TableState::Silent)?;
    native::compare_answers(&answers, name, &samples).map_err(TableState::Differs)?;
    let kind = name.split(':').next().and_then(TableType::from_name);
    if table.lines <= MAX_COMPARED_LINES && kind.is_some_and(TableType::needs_postmap) {
        nothing_else(instance, name, &samples)?;
    }
    Ok(())
}

/// Looks for keys in an index that the text does not have; an index that cannot be listed has none.
fn nothing_else(instance: &Instance, name: &str, samples: &[(String, String)]) -> Result<(), TableState> {
    let Ok(entries) = instance.entries(name) else { return Ok(()) };
    let known: HashSet<&str> = samples.iter().map(|(key, _)| key.as_str()).collect();
    let keys = entries.lines().filter_map(|line| Some(line.split_once('\t')?.0));
    match { keys }.find(|key| !known.contains(key)) {
        None => Ok(()),
        Some(key) => {
            let key = starttls_policy::printable(key);
            Err(TableState::Differs(format!("`{name}` has an entry `{key}` that was not written")))
        }
    }
}
