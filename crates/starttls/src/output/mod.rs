//! How results look: tables and colours on a terminal, plain in a pipe, JSON on request.

pub(crate) mod age;
pub(crate) mod change;
pub(crate) mod diagnostic;
pub(crate) mod facts;
mod findings;
pub(crate) mod kept;
mod progress;
mod summary;
pub(crate) mod survey;
pub(crate) mod table;

pub(crate) use findings::{findings_json, print_findings};
pub(crate) use progress::Progress;
pub(crate) use summary::{summary_json, write_settings, write_summary};

use starttls_policy::{Mode, Severity};

/// How to print the result.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs; members may be added, never renamed.
    Json,
}

/// Prints a JSON value and a line end to stdout.
pub(crate) fn print_json(value: &serde_json::Value) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// Prints an array whose values are made one at a time, one to a line.
pub(crate) fn print_json_array(values: impl Iterator<Item = serde_json::Value>) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    out.write_all(b"[")?;
    for (index, value) in values.enumerate() {
        out.write_all(if index == 0 { b"\n  " } else { b",\n  " })?;
        serde_json::to_writer(&mut out, &value)?;
    }
    out.write_all(b"\n]\n")?;
    Ok(out.flush()?)
}

/// Tells whether the reader of our output went away, which is no error of ours.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(std::io::ErrorKind::BrokenPipe)
    })
}

/// The colour of a mode: green holds, yellow watches, nothing is off.
pub(crate) fn mode_style(mode: Mode) -> owo_colors::Style {
    match mode {
        Mode::Enforce => owo_colors::Style::new().green(),
        Mode::Testing => owo_colors::Style::new().yellow(),
        Mode::None => owo_colors::Style::new().dimmed(),
    }
}

/// The colour of a severity.
pub(crate) fn severity_style(severity: Severity) -> owo_colors::Style {
    match severity {
        Severity::Error => owo_colors::Style::new().red().bold(),
        Severity::Warning => owo_colors::Style::new().yellow().bold(),
        Severity::Info => owo_colors::Style::new().cyan(),
    }
}

/// A number with thousands set apart: `1,234,567`.
pub(crate) fn grouped(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 domain`, `2 domains`.
pub(crate) fn counted(number: impl TryInto<u64>, one: &str, many: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod numbers {
    use super::*;

    #[test]
    fn are_grouped_by_thousands() {
        for (number, want) in [(0_u64, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), want);
        }
        assert_eq!(counted(1_u64, "domain", "domains"), "1 domain");
    }
}
