//! Whether Postfix uses our table now, as `postconf` says: another program may have written main.cf since activation.

use std::path::{Path, PathBuf};

use starttls_policy::Finding;

use super::table_state::TableState;
use super::{DetectError, Detected, Instance, codes, faults};
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
    /// Other output directories of ours that main.cf names.
    pub other_outputs: Vec<PathBuf>,
    /// What would speak against an activation now; nothing where main.cf does not name our table.
    pub findings: Vec<Finding>,
}

impl InEffect {
    /// Tells whether mail to recipients' own MX hosts is delivered without asking our table.
    pub fn is_bypassed(&self) -> bool {
        self.services_without.contains(&self.main_service)
    }

    /// The tables before ours that answer for every listed domain; none where ours has an effect.
    pub fn hidden_by(&self) -> Option<&str> {
        let found = self.findings.iter().find(|finding| finding.code == codes::HIDDEN.name)?;
        Some(&found.subject)
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
    let survey = server.survey(&root);
    let is_named = survey.is_named();
    let findings = if is_named { faults::check(instance, &server, &root, &survey) } else { Vec::new() };
    Ok(InEffect {
        is_named,
        table: TableState::look(instance, &server, &root, validity),
        findings,
        services_without: survey.services_without,
        main_service: survey.main_service,
        other_outputs: survey.other_outputs,
    })
}
