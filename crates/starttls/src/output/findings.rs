//! Findings as people and programs see them.

use std::io::Write;

use owo_colors::OwoColorize;
use serde_json::{Value, json};
use starttls_policy::Finding;

use super::severity_style;

/// Equal findings shown one by one before the rest is counted.
const SHOWN_PER_CODE: usize = 5;

/// Prints findings, worst first; many of one kind are cut short and counted.
pub(crate) fn print_findings(out: &mut dyn Write, findings: &[Finding]) -> std::io::Result<()> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by(|one, other| other.severity.cmp(&one.severity).then(one.code.cmp(other.code)));
    for group in sorted.chunk_by(|one, next| one.code == next.code) {
        for finding in group.iter().take(SHOWN_PER_CODE) {
            print_finding(out, finding)?;
        }
        if let (Some(first), 1..) = (group.first(), group.len().saturating_sub(SHOWN_PER_CODE)) {
            let more = group.len() - SHOWN_PER_CODE;
            writeln!(out, "  … and {more} more of {} (all with --format json)", first.code)?;
        }
    }
    Ok(())
}

fn print_finding(out: &mut dyn Write, finding: &Finding) -> std::io::Result<()> {
    let severity = finding.severity.style(severity_style(finding.severity)).to_string();
    write!(out, "{severity}: ")?;
    if !finding.subject.is_empty() {
        write!(out, "{}: ", finding.subject)?;
    }
    writeln!(out, "{} [{}]", finding.message, finding.code)?;
    if !finding.cure.is_empty() {
        writeln!(out, "  {} {}", "cure:".bold(), finding.cure)?;
    }
    Ok(())
}

/// Findings for `--format json`.
pub(crate) fn findings_json(findings: &[Finding]) -> Value {
    let one = |finding: &Finding| {
        json!({
            "code": finding.code,
            "severity": finding.severity.name(),
            "subject": finding.subject,
            "message": finding.message,
            "cure": finding.cure,
        })
    };
    findings.iter().map(one).collect()
}
