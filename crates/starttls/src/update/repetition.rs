//! `alerted.json` in the state directory, or in the output directory for withdrawals: what somebody was told last, so that an hourly run does not tell it every hour.

use serde::{Deserialize, Serialize};
use starttls_apply::Generations;
use starttls_apply::validity;
use starttls_policy::{Finding, Timestamp};
use starttls_sources::Lock;

const FILE: &str = "alerted.json";
const MAX_BYTES: u64 = 1 << 16;

/// The same trouble is told again after this long.
const AGAIN_AFTER_SECONDS: u64 = 24 * 60 * 60;

/// What was told.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Told {
    /// Seconds since 1970.
    at: u64,
    /// Codes and what they were about; words change with every run.
    about: Vec<(String, String)>,
}

impl Told {
    /// What was told last; damaged or missing, nothing was.
    pub(crate) fn read(memory: &impl Memory) -> Self {
        let bytes = memory.recall().unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// What these findings come to.
    pub(crate) fn of(findings: &[Finding], now: Timestamp) -> Self {
        let mut about: Vec<(String, String)> =
            findings.iter().map(|finding| (finding.code.to_owned(), finding.subject.clone())).collect();
        about.sort();
        about.dedup();
        Self { at: now.seconds(), about }
    }

    /// Tells whether `new` is worth telling after this: another trouble, or the same a day later.
    pub(crate) fn is_news(&self, new: &Self) -> bool {
        // A clock that was set back must not silence us.
        let age = new.at.checked_sub(self.at);
        self.about != new.about || age.is_none_or(|age| age >= AGAIN_AFTER_SECONDS)
    }

    /// Tells whether there was any trouble.
    pub(crate) fn is_empty(&self) -> bool {
        self.about.is_empty()
    }

    /// Remembers it.
    pub(crate) fn write(&self, memory: &impl Memory) {
        memory.remember(&serde_json::to_vec(self).unwrap_or_default());
    }
}

/// Where the last alert is remembered. Not remembering means alerting once more than needed.
pub(crate) trait Memory {
    /// The bytes that were remembered last.
    fn recall(&self) -> Option<Vec<u8>>;

    /// Remembers these instead.
    fn remember(&self, bytes: &[u8]);
}

impl Memory for Lock {
    fn recall(&self) -> Option<Vec<u8>> {
        self.state().read_note(FILE, MAX_BYTES).ok().flatten()
    }

    fn remember(&self, bytes: &[u8]) {
        let _ = self.write_note(FILE, bytes);
    }
}

impl Memory for Generations {
    fn recall(&self) -> Option<Vec<u8>> {
        validity::read_note(self.root(), FILE).ok().flatten()
    }

    fn remember(&self, bytes: &[u8]) {
        let _ = validity::write_note(self, FILE, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: &'static str, subject: &str, at: u64) -> Told {
        let now = Timestamp::from_seconds(at).unwrap();
        Told::of(&[Finding::error(code, subject, format!("words of {at}"))], now)
    }

    #[test]
    fn same_trouble_is_news_again_after_a_day() {
        let first = told("source.ended", "eff", 1_000_000);
        assert!(!first.is_news(&told("source.ended", "eff", 1_003_600)));
        assert!(first.is_news(&told("source.ended", "eff", 1_086_400)));
        assert!(first.is_news(&told("source.ended", "de", 1_003_600)));
        assert!(first.is_news(&told("source.ageing", "eff", 1_003_600)));
    }

    #[test]
    fn clock_that_was_set_back_silences_nobody() {
        let first = told("source.ended", "eff", 1_000_000);
        assert!(first.is_news(&told("source.ended", "eff", 900_000)));
    }
}
