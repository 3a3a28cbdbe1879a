//! `last-update.json` and `last-fetch.json` in the state directory: why the last run failed, until one succeeds.
//!
//! Nobody reads the terminal of a timer, and an alert is given once a day; `status` shows the failure all the time.

use serde::{Deserialize, Serialize};
use starttls_policy::{Finding, Severity, Timestamp, printable};
use starttls_sources::{Lock, StateDir};

use super::findings;

const MAX_BYTES: u64 = 1 << 16;
/// Findings that are stored; the first says enough.
const MAX_FINDINGS: usize = 20;
/// Longer messages are cut.
const MAX_MESSAGE_CHARS: usize = 500;

/// A kind of run that fails and succeeds by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Run {
    /// Fetches, and puts into force.
    Update,
    /// Fetches alone.
    FetchOnly,
}

impl Run {
    const fn file(self) -> &'static str {
        match self {
            Self::Update => "last-update.json",
            Self::FetchOnly => "last-fetch.json",
        }
    }
}

/// Why a run failed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LastFailure {
    /// Seconds since 1970.
    at: u64,
    /// Code and message of each finding of severity error.
    findings: Vec<(String, String)>,
    /// What the findings advise, each once.
    #[serde(default)]
    cures: Vec<String>,
}

impl LastFailure {
    /// The failure that the last run of a kind left; `None` if it succeeded.
    pub(crate) fn read(state: &StateDir, run: Run) -> Option<Self> {
        let bytes = state.read_note(run.file(), MAX_BYTES).ok().flatten()?;
        let failure: Self = serde_json::from_slice(&bytes).ok()?;
        Some(failure).filter(|failure| !failure.findings.is_empty())
    }

    /// As a finding of `status`.
    pub(crate) fn finding(&self) -> Finding {
        let at = Timestamp::from_seconds(self.at).map_or_else(|_| String::new(), |at| format!(" at {at}"));
        let shown: Vec<String> = self
            .findings
            .iter()
            .map(|(code, message)| format!("{} [{}]", printable(message), printable(code)))
            .collect();
        let message = format!("the last update{at} failed: {}", shown.join("; "));
        let cures: Vec<String> = self.cures.iter().map(|cure| printable(cure)).collect();
        let cure = if cures.is_empty() {
            "run `starttls update --dry-run`, which says what is in the way and how to remove it".to_owned()
        } else {
            cures.join("; ")
        };
        findings::LAST_FAILED.finding("", message).with_cure(cure)
    }
}

/// Records how a run went: its findings of severity error, or that there were none.
///
/// Findings about single sources are left out: the state of each source has them. Not recording loses a line of `status`
/// alone.
pub(crate) fn record(found: &[Finding], run: Run, lock: &Lock, now: Timestamp) {
    let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
    let errors: Vec<&Finding> =
        errors.filter(|finding| !finding.code.starts_with("source.")).take(MAX_FINDINGS).collect();
    let mut cures: Vec<String> = Vec::new();
    for finding in errors.iter().filter(|finding| !finding.cure.is_empty()) {
        let cure = without_addresses(&finding.cure);
        if !cures.contains(&cure) {
            cures.push(cure);
        }
    }
    let findings: Vec<(String, String)> = errors
        .into_iter()
        .map(|finding| (finding.code.to_owned(), without_addresses(&finding.message)))
        .collect();
    if findings.is_empty() && LastFailure::read(lock.state(), run).is_none() {
        return;
    }
    let failure = LastFailure { at: now.seconds(), findings, cures };
    let _ = lock.write_note(run.file(), &serde_json::to_vec(&failure).unwrap_or_default());
}

/// A message of bounded length in which no word is a mail address.
fn without_addresses(message: &str) -> String {
    let words: Vec<&str> =
        message.split(' ').map(|word| if word.contains('@') { "…" } else { word }).collect();
    words.join(" ").chars().take(MAX_MESSAGE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_messages_hold_no_mail_address_and_are_short() {
        let message = format!("the mail to <a@b.test> failed {}", "x".repeat(2 * MAX_MESSAGE_CHARS));
        let kept = without_addresses(&message);
        assert!(kept.starts_with("the mail to … failed x"), "{kept}");
        assert_eq!(kept.chars().count(), MAX_MESSAGE_CHARS);
    }
}
