//! Values of TLS parameters that stop smtp(8), in main.cf and in master.cf.
//!
//! Spec: postconf(5) `smtp_tls_security_level`; the general format of main.cf, which has no comments behind values.

use std::collections::BTreeMap;

use starttls_mta::postfix::Level;
use starttls_policy::{Finding, printable};

use super::{Detected, codes};

const LEVEL: &str = "smtp_tls_security_level";
/// Parameters that delivery with TLS depends on, by the beginning of their names.
const WATCHED: [&str; 4] = ["smtp_tls_", "smtp_dns_", "smtp_host_lookup", "tls_"];

/// Looks through the values that main.cf and the delivering services of master.cf give.
pub(super) fn check(server: &Detected) -> Vec<Finding> {
    let mut findings = Vec::new();
    let main = [(LEVEL.to_owned(), server.setting(LEVEL).to_owned())].into();
    level(&main, "main.cf", &mut findings);
    comments(&server.given, "main.cf", &mut findings);
    for service in &server.smtp_services {
        let given_by = format!("`{}/unix` of master.cf", service.name);
        level(&service.overrides, &given_by, &mut findings);
        comments(&service.overrides, &given_by, &mut findings);
    }
    findings
}

fn level(values: &BTreeMap<String, String>, given_by: &str, findings: &mut Vec<Finding>) {
    let Some(value) = values.get(LEVEL).map(|value| value.trim()) else { return };
    // What only Postfix can expand is not known, and named elsewhere.
    let is_open = value.is_empty() || value.contains('$') || has_comment(value);
    if is_open || Level::from_name(&value.to_ascii_lowercase()).is_some() {
        return;
    }
    let levels: Vec<&str> = Level::ALL.iter().map(|level| level.name()).collect();
    let message = format!("`{LEVEL} = {}` in {given_by} is no level", printable(value));
    let cure = format!("set one of {}", levels.join(", "));
    findings.push(codes::LEVEL_INVALID.finding(LEVEL, message).with_cure(cure));
}

fn comments(values: &BTreeMap<String, String>, given_by: &str, findings: &mut Vec<Finding>) {
    let watched = values.iter().filter(|(name, _)| WATCHED.iter().any(|watched| name.starts_with(watched)));
    findings.extend(watched.filter(|(_, value)| has_comment(value)).map(|(name, value)| {
        let message = format!(
            "`{name} = {}` in {given_by}: Postfix takes the comment as part of the value",
            printable(value)
        );
        codes::COMMENT_IN_VALUE
            .finding(name.as_str(), message)
            .with_cure("put the comment on a line of its own")
    }));
}

fn has_comment(value: &str) -> bool {
    value.split_whitespace().any(|word| word.starts_with('#'))
}
