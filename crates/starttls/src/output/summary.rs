//! What became of the entries, for people and for programs.

use std::io::Write;

use owo_colors::OwoColorize;
use serde_json::{Value, json};
use starttls_mta::{Need, Summary};
use starttls_policy::Mode;

use super::{counted, findings_json, grouped, mode_style, print_findings, severity_style};

/// Writes the summary.
pub(crate) fn write_summary(out: &mut dyn Write, title: &str, summary: &Summary) -> std::io::Result<()> {
    writeln!(out, "{}", format!("{title}: {}", counted(summary.lines, "line", "lines")).bold())?;
    let rows = [
        ("enforced", summary.enforced, mode_style(Mode::Enforce)),
        ("log only (testing)", summary.log_only, mode_style(Mode::Testing)),
        ("nothing asked", summary.none, mode_style(Mode::None)),
        ("not expressible", summary.unexpressed, severity_style(starttls_policy::Severity::Warning)),
    ];
    for (what, count, style) in rows {
        if count > 0 || what != "not expressible" {
            writeln!(out, "  {:>9}  {}", grouped(count), what.style(style))?;
        }
    }
    if summary.enforced == 0 && summary.log_only > 0 {
        let loud =
            format!("0 enforced, {} testing: this policy protects nobody yet", grouped(summary.log_only));
        writeln!(out, "{}", loud.style(severity_style(starttls_policy::Severity::Warning)))?;
    }
    for (code, shortfall) in &summary.shortfalls {
        let severity = shortfall.severity.style(severity_style(shortfall.severity)).to_string();
        let names: Vec<String> = shortfall.examples.iter().take(3).map(ToString::to_string).collect();
        let more = if shortfall.count > names.len() as u64 { ", …" } else { "" };
        let domains = counted(shortfall.count, "domain", "domains");
        writeln!(out, "{severity}: {domains} ({}{more}): {} [{code}]", names.join(", "), shortfall.message)?;
    }
    print_findings(out, &summary.findings)
}

/// Writes what the server's configuration needs beside the files.
pub(crate) fn write_settings(out: &mut dyn Write, summary: &Summary) -> std::io::Result<()> {
    writeln!(out, "{}", "what the server's configuration needs".bold())?;
    for setting in &summary.settings {
        let mark = if setting.need == Need::Offered { " (offer)" } else { "" };
        writeln!(out, "  {} = {}{mark}", setting.name, setting.value)?;
        writeln!(out, "      {}", setting.reason.dimmed())?;
    }
    Ok(())
}

/// The summary for `--format json`.
pub(crate) fn summary_json(summary: &Summary) -> Value {
    let shortfalls = summary.shortfalls.iter().map(|(code, shortfall)| {
        json!({
            "code": code,
            "severity": shortfall.severity.name(),
            "message": shortfall.message,
            "domains": shortfall.count,
            "examples": shortfall.examples.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    let settings = summary.settings.iter().map(|setting| {
        let need = if setting.need == Need::Offered { "offered" } else { "required" };
        json!({ "name": setting.name, "value": setting.value, "reason": setting.reason, "need": need })
    });
    json!({
        "lines": summary.lines,
        "enforced": summary.enforced,
        "log_only": summary.log_only,
        "none": summary.none,
        "unexpressed": summary.unexpressed,
        "shortfalls": shortfalls.collect::<Value>(),
        "settings": settings.collect::<Value>(),
        "findings": findings_json(&summary.findings),
    })
}
