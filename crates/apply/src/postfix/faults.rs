//! What speaks against our table in a configuration that uses it: the checks before an activation, repeated.
//!
//! Nothing is changed, no lock is taken, and no other server is asked.

use std::path::Path;

use starttls_mta::postfix::{PolicyMaps, TABLE};
use starttls_policy::{Finding, Severity};

use super::reference::{POLICY_MAPS, Reference};
use super::{Detected, Instance, Survey, Table, codes, operator_tables, preflight, routes, shadows, values};
use crate::generations::CURRENT;

/// Runs the checks; that a service has other tables is `InEffect::services_without`.
pub(super) fn check(instance: &Instance, server: &Detected, output: &Path, survey: &Survey) -> Vec<Finding> {
    let reference = Reference::new(output);
    let path = output.join(CURRENT).join(TABLE);
    let maps = server.setting(POLICY_MAPS);
    let mut findings = values::check(server);
    let overrides = [codes::OVERRIDE.name, codes::OVERRIDE_ELSEWHERE.name];
    findings.extend(
        routes::check(server)
            .into_iter()
            .filter(|finding| !(finding.subject == POLICY_MAPS && overrides.contains(&finding.code))),
    );
    findings.extend(preflight::pinned_generations(&survey.uses, output));
    findings.extend(silent_tables(instance, &reference, maps));
    if let Ok(table) = Table::read(&path) {
        let setting = |name: &str| server.setting(name);
        findings.extend(preflight::roots(server, &table, &setting));
        findings.extend(preflight::dane(&table, &setting));
        findings.extend(shadows::check(instance, &survey.earlier, &path, codes::HIDDEN));
    }
    // What is only worth knowing was said at the activation.
    findings.retain(|finding| finding.severity > Severity::Info || finding.code == codes::UNKNOWN_TABLE.name);
    findings
}

/// The operator's own tables that cannot be read: Postfix defers all mail then.
fn silent_tables(instance: &Instance, reference: &Reference, maps: &str) -> Vec<Finding> {
    if instance.commands().find("postmap").is_none() {
        return Vec::new();
    }
    let others = PolicyMaps(maps).tables().filter(|table| !reference.is(table));
    others.filter_map(|table| operator_tables::trouble(instance, table)).collect()
}

/// Earlier tables that answer for domains of ours, and what leads mail past ours: what makes a table useless that is in
/// force otherwise.
///
/// Empty where main.cf does not name the table of this output directory.
pub fn hidden(instance: &Instance, server: &Detected, output: &Path) -> Vec<Finding> {
    let output = &output.canonicalize().unwrap_or_else(|_| output.to_owned());
    let path = output.join(CURRENT).join(TABLE);
    let survey = server.survey(output);
    if !survey.is_named() {
        return Vec::new();
    }
    let mut findings = shadows::check(instance, &survey.earlier, &path, codes::HIDDEN);
    findings.retain(|finding| finding.severity > Severity::Info);
    let is_used = !survey.is_bypassed();
    findings.extend(routes::check(server).into_iter().filter(|finding| {
        let counts = finding.severity == Severity::Error || finding.code == codes::NEXT_HOP.name;
        counts && !(is_used && finding.subject == POLICY_MAPS)
    }));
    findings
}
