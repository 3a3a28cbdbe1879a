//! Whether Postfix uses our table now, as `postconf` says: another program may have written main.cf since activation.

use std::path::Path;

use starttls_policy::Finding;

use super::reference::POLICY_MAPS;
use super::table_state::TableState;
use super::{DetectError, Detected, Instance, Use, faults, routes};
use crate::validity::Validity;

/// What Postfix and the disk say of our table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InEffect {
    /// Whether `smtp_tls_policy_maps` of main.cf names our table, in any spelling.
    pub is_named: bool,
    /// Delivering services of master.cf that have tables of their own, without ours.
    pub services_without: Vec<String>,
    /// The service that delivers to recipients' own MX hosts.
    pub main_service: String,
    /// The table on disk, and what Postfix answers.
    pub table: TableState,
    /// What would speak against an activation now; nothing where main.cf does not name our table.
    pub findings: Vec<Finding>,
}

impl InEffect {
    /// Tells whether mail to recipients' own MX hosts is delivered without asking our table.
    pub fn is_bypassed(&self) -> bool {
        self.services_without.contains(&self.main_service)
    }
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
    let is_named = uses.iter().any(Use::is_policy_table);
    let has_others = |maps: &String| !server.leads_into(&root, maps);
    let without = server
        .smtp_services
        .iter()
        .filter(|service| service.overrides.get(POLICY_MAPS).is_some_and(has_others));
    Ok(InEffect {
        is_named,
        services_without: without.map(|service| service.name.clone()).collect(),
        main_service: routes::main_service(&server).to_owned(),
        table: TableState::look(instance, &server, &root, validity),
        findings: if is_named { faults::check(instance, &server, &root, &uses) } else { Vec::new() },
    })
}
