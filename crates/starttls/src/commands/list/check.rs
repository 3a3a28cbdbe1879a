//! `starttls list check`: counts per mode, warnings, errors.
//!
//! Exit: 0 no errors, 1 could not read a file, 4 a list is malformed, 5 warnings with `--strict`.

use std::io::Write;

use owo_colors::OwoColorize;
use serde_json::{Value, json};
use starttls_policy::read::ReadError;
use starttls_policy::{Finding, List, Mode, Severity, Timestamp, printable};

use crate::clock;
use crate::exit::Exit;
use crate::lists::{self, LoadError};
use crate::output::table::{self, Align, Cell};
use crate::output::{self, Format, counted, diagnostic, findings_json, grouped, mode_style, print_findings};

/// Check policy lists: counts per mode, warnings, errors.
///
/// Reads every dialect (version 1, EFF's 0.1, the design of 2014). Nothing is changed. A list that has expired is a
/// warning here; `generate` refuses it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  starttls list check list.json\n  starttls list check --strict list.json && echo fresh"
)]
pub(crate) struct Args {
    /// The lists; `-` reads stdin.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,

    /// Exit with 5 if there are warnings.
    #[arg(long)]
    strict: bool,
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let now = clock::now();
        let (mut worst, mut unreadable) = (None, false);
        let mut reports = Vec::new();
        for file in &self.files {
            match lists::load(file) {
                Ok(list) => {
                    let findings = starttls_policy::check::list(&list, now);
                    worst = worst.max(findings.iter().map(|finding| finding.severity).max());
                    match format {
                        Format::Text => print_report(file, &list, &findings, now)?,
                        Format::Json => reports.push(report_json(file, &list, &findings)),
                    }
                }
                Err(LoadError::Malformed { file, error }) => {
                    worst = worst.max(Some(Severity::Error));
                    match format {
                        Format::Text => {
                            diagnostic::print_malformed(&mut anstream::stderr().lock(), &file, &error)?;
                        }
                        Format::Json => reports.push(malformed_json(&file, &error)),
                    }
                }
                Err(error) => {
                    unreadable = true;
                    match format {
                        Format::Text => diagnostic::print(&error.into()),
                        Format::Json => {
                            reports.push(json!({ "file": file, "valid": false, "message": in_full(&error) }));
                        }
                    }
                }
            }
        }
        if format == Format::Json {
            output::print_json(&Value::Array(reports))?;
        }
        Ok(match worst {
            _ if unreadable => Exit::CouldNot,
            Some(Severity::Error) => Exit::Errors,
            Some(Severity::Warning) if self.strict => Exit::Warnings,
            _ => Exit::Done,
        })
    }
}

/// The error with its causes.
fn in_full(error: &LoadError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn count(list: &List, mode: Mode) -> usize {
    list.iter().filter(|listed| listed.policy.mode == mode).count()
}

fn print_report(file: &str, list: &List, findings: &[Finding], now: Timestamp) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    let author = list.head.author.as_deref().map_or("nobody named".into(), printable);
    writeln!(
        out,
        "{}: policy list version {}, serial {}, by {author}",
        printable(file).bold(),
        list.head.dialect,
        list.head.serial
    )?;
    writeln!(
        out,
        "issued {}, {}",
        list.head.timestamp.map_or("at no stated time".into(), |time| time.to_string()),
        end_in_words(list, now)
    )?;
    let domains = counted(list.entries.len(), "domain", "domains");
    let shared = counted(list.aliases.len(), "shared policy", "shared policies");
    writeln!(out, "{domains}, {shared}, {}", counted(list.pinsets.len(), "pinset", "pinsets"))?;
    drop(out);
    table::print([("  mode", Align::Left), ("domains", Align::Right)], || {
        let counts = Mode::ALL.into_iter().rev().map(|mode| (mode, count(list, mode)));
        counts.map(|(mode, count)| {
            [Cell::styled(format!("  {mode}"), mode_style(mode)), Cell::from(grouped(count))]
        })
    })?;
    let mut out = anstream::stdout().lock();
    print_findings(&mut out, findings)?;
    if findings.is_empty() {
        writeln!(out, "no findings")?;
    }
    writeln!(out)?;
    Ok(())
}

pub(super) fn end_in_words(list: &List, now: Timestamp) -> String {
    match list.head.expires {
        None => "counts as expired".into(),
        Some(end) if end <= now => format!("expired {end}"),
        Some(end) => format!("expires {end} (in {} days)", grouped(now.until(end).as_secs() / 86_400)),
    }
}

fn report_json(file: &str, list: &List, findings: &[Finding]) -> Value {
    json!({
        "file": file,
        "valid": true,
        "version": list.head.dialect.name(),
        "author": list.head.author,
        "serial": list.head.serial,
        "timestamp": list.head.timestamp.map(|time| time.to_string()),
        "expires": list.head.expires.map(|time| time.to_string()),
        "domains": list.entries.len(),
        "shared_policies": list.aliases.len(),
        "pinsets": list.pinsets.len(),
        "modes": {
            "enforce": count(list, Mode::Enforce),
            "testing": count(list, Mode::Testing),
            "none": count(list, Mode::None),
        },
        "findings": findings_json(findings),
    })
}

fn malformed_json(file: &str, error: &ReadError) -> Value {
    json!({
        "file": file,
        "valid": false,
        "line": error.line,
        "column": error.column,
        "path": error.path.to_string(),
        "message": error.to_string(),
        "excerpt": error.excerpt.text,
    })
}
