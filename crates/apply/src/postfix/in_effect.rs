//! Whether Postfix uses our table now, as `postconf` says: another program may have written main.cf since activation.

use std::io;
use std::path::Path;

use super::reference::POLICY_MAPS;
use super::{DetectError, Detected, Instance, Place, Use};
use crate::generations::CURRENT;
use crate::validity::{Validity, table_sha256};

/// What Postfix and the disk say of our table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InEffect {
    /// Whether `smtp_tls_policy_maps` of main.cf names our table, in any spelling.
    pub is_named: bool,
    /// Delivering services of master.cf that have tables of their own, without ours.
    pub services_without: Vec<String>,
    /// The table on disk.
    pub table: TableState,
}

/// The table on disk, compared with the activation record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TableState {
    /// It is the one that was activated.
    Same,
    /// It has other bytes.
    Changed,
    /// There is none: Postfix defers all mail if it is told to use it.
    Missing,
    /// It cannot be read.
    Unreadable,
    /// No record says what it should be.
    Unrecorded,
}

/// Asks Postfix and looks at the table; needs no rights beyond reading, and takes no lock.
///
/// # Errors
/// When Postfix cannot be asked.
pub fn in_effect(
    instance: &Instance,
    root: &Path,
    validity: Option<&Validity>,
) -> Result<InEffect, DetectError> {
    let server = Detected::ask(instance)?;
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let uses = server.uses_of(&root);
    let asks_ours = |service: &str| {
        let place = Place::Service(format!("{service}/unix"));
        uses.iter().any(|found| found.place == place && found.parameter == POLICY_MAPS)
    };
    let without = server
        .smtp_services
        .iter()
        .filter(|service| service.overrides.contains_key(POLICY_MAPS) && !asks_ours(&service.name));
    let table = match (table_sha256(&root.join(CURRENT)), validity) {
        (Err(error), _) if error.kind() == io::ErrorKind::NotFound => TableState::Missing,
        (Err(_), _) => TableState::Unreadable,
        (Ok(_), None) => TableState::Unrecorded,
        (Ok(found), Some(validity)) if found == validity.table_sha256 => TableState::Same,
        (Ok(_), Some(_)) => TableState::Changed,
    };
    Ok(InEffect {
        is_named: uses.iter().any(Use::is_policy_table),
        services_without: without.map(|service| service.name.clone()).collect(),
        table,
    })
}
