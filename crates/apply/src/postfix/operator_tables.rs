//! The operator's own tables beside ours, and the entries in them whose place a line of ours would take.
//!
//! Postfix asks every table for the exact domain before it asks any for a parent (`.example.org`). So a line of ours hides each
//! entry for a domain above, in whatever table, and the entry for the domain itself in a table after ours. Which of these entries
//! a line may hide is decided in `starttls_mta`; tables before ours that answer for the domain itself are `shadows`.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`; postmap(1) `-q -`.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, Write as _};

use starttls_mta::postfix::parent_keys;
use starttls_policy::{Finding, with_causes};

use super::composition::local;
use super::native::keys_file;
use super::reference::{POLICY_MAPS, Reference};
use super::survey::around;
use super::{Detected, Instance, codes};
use crate::commands::CommandError;
use crate::generations::Generations;

/// Keys of one run of `postmap`, so that its answers fit into the limit of a run even if it answers for all of them.
const KEYS_AT_ONCE: usize = 20_000;

/// The operator's tables, and the keys that they are to be asked for.
#[derive(Debug)]
pub struct OperatorTables {
    /// In the order in which Postfix asks them, with their place relative to ours.
    tables: Vec<(Place, String)>,
    parents: BufWriter<File>,
    /// Hashes of the parents that are in the file.
    seen: HashSet<u64>,
    hasher: RandomState,
    domains: BufWriter<File>,
}

/// Where a table of the operator's stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    BeforeOurs,
    BehindOurs,
}

/// What the operator's tables answered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OperatorEntries {
    /// For the renderer: key and text of each entry that a line of ours might hide.
    pub entries: BTreeMap<String, String>,
    /// Tables that gave no answer; one of severity error refuses the activation.
    pub findings: Vec<Finding>,
}

impl OperatorTables {
    /// The tables in `smtp_tls_policy_maps` that are not ours; `None` if there is none.
    ///
    /// # Errors
    /// No room for a temporary file.
    pub fn beside_ours(server: &Detected, generations: &Generations) -> io::Result<Option<Self>> {
        let reference = Reference::new(generations.root());
        let value = server.setting(POLICY_MAPS);
        let (earlier, later) = around(value, &reference);
        let earlier = earlier.into_iter().map(|table| (Place::BeforeOurs, table));
        let later = later.into_iter().map(|table| (Place::BehindOurs, table));
        let tables: Vec<_> = earlier.chain(later).collect();
        if tables.is_empty() {
            return Ok(None);
        }
        let file = || tempfile::tempfile().map(BufWriter::new);
        Ok(Some(Self {
            tables,
            parents: file()?,
            seen: HashSet::new(),
            hasher: RandomState::new(),
            domains: file()?,
        }))
    }

    /// Adds a domain for which ours may have a line.
    ///
    /// # Errors
    /// No room for a temporary file.
    pub fn add(&mut self, domain: &str) -> io::Result<()> {
        if self.tables.iter().any(|(place, _)| *place == Place::BehindOurs) {
            writeln!(self.domains, "{domain}")?;
        }
        for parent in parent_keys(domain) {
            if !self.seen.insert(self.hasher.hash_one(parent)) {
                // Those above it are there, too.
                break;
            }
            writeln!(self.parents, "{parent}")?;
        }
        Ok(())
    }

    /// Asks each table for each key once.
    ///
    /// # Errors
    /// No room for a temporary file. A table that gives no answer is a finding.
    pub fn ask(self, instance: &Instance) -> io::Result<OperatorEntries> {
        let into_file = |writer: BufWriter<File>| writer.into_inner().map_err(io::IntoInnerError::into_error);
        let (mut parents, mut domains) = (into_file(self.parents)?, into_file(self.domains)?);
        let mut found = OperatorEntries::default();
        for (place, table) in &self.tables {
            let asked = match local(table) {
                Ok(asked) => asked,
                // Of those before ours, `shadows` speaks.
                Err(reason) if *place == Place::BehindOurs => {
                    found.findings.push(unknown(table, &reason));
                    continue;
                }
                Err(_) => continue,
            };
            let answered = match place {
                Place::BeforeOurs => found.ask(instance, &asked, &mut parents)?,
                Place::BehindOurs => match found.ask(instance, &asked, &mut parents)? {
                    Ok(()) => found.ask(instance, &asked, &mut domains)?,
                    error => error,
                },
            };
            if let Err(error) = answered {
                found.findings.push(silent(table, &error));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
impl OperatorTables {
    /// The parents that would be asked for, one a line.
    pub(super) fn parents_for_test(self) -> String {
        let mut file = self.parents.into_inner().unwrap();
        file.rewind().unwrap();
        io::read_to_string(file).unwrap()
    }
}

impl OperatorEntries {
    /// Adds what a table answers for the keys of a file; what an earlier table answered stands.
    fn ask(
        &mut self,
        instance: &Instance,
        table: &str,
        keys: &mut File,
    ) -> io::Result<Result<(), CommandError>> {
        keys.rewind()?;
        let mut lines = BufReader::new(keys).lines();
        loop {
            let some: Vec<String> = lines.by_ref().take(KEYS_AT_ONCE).collect::<Result<_, _>>()?;
            if some.is_empty() {
                return Ok(Ok(()));
            }
            let answers = match instance.look_up(keys_file(some.iter().map(String::as_str))?, table) {
                Ok(answers) => answers,
                Err(error) => return Ok(Err(error)),
            };
            for (key, entry) in answers.lines().filter_map(|line| line.split_once('\t')) {
                self.entries.entry(key.to_owned()).or_insert_with(|| entry.to_owned());
            }
        }
    }
}

/// What keeps a table of the operator from answering at all; `None` if it answers, or is not of a kind that is asked.
pub(super) fn trouble(instance: &Instance, table: &str) -> Option<Finding> {
    let asked = local(table).ok()?;
    // No domain: whether the table can be opened is the question.
    let keys = keys_file(std::iter::once("invalid")).ok()?;
    match instance.look_up(keys, &asked) {
        Ok(_) | Err(CommandError::NotFound { .. }) => None,
        Err(error) => Some(silent(table, &error)),
    }
}

fn unknown(table: &str, reason: &str) -> Finding {
    let message = format!("whether `{table}` demands more than our lines is not known: {reason}");
    codes::UNKNOWN_TABLE.finding(table, message).with_cure(
        "our lines are asked first: add an override for each listed domain about which this table is to decide",
    )
}

fn silent(table: &str, error: &CommandError) -> Finding {
    if matches!(error, CommandError::NotFound { .. }) {
        return unknown(table, &with_causes(error));
    }
    let message = format!("`{table}` does not answer: {}", with_causes(error));
    let cure = "repair the table, or remove it from `smtp_tls_policy_maps`: Postfix defers mail while it cannot be read";
    codes::TABLE_SILENT.finding(table, message).with_cure(cure)
}
