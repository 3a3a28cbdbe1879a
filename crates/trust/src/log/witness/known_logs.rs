//! The logs that a witness watches.
//!
//! Spec: C2SP tlog-policy, "Defining a log".

use alloc::vec::Vec;

use crate::key::{Algorithm, KeyError, VerifierKey};

/// Keys of the logs, each under the name that is the log's origin.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KnownLogs(Vec<VerifierKey>);

/// Why a text names no logs.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KnownLogsError {
    /// A line is something else.
    #[error("line {line}: want `log KEY [URL]`, or `#` and a comment")]
    Line {
        /// Counted from 1.
        line: usize,
    },
    /// A key is none.
    #[error("line {line}: {source}")]
    Key {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: KeyError,
    },
    /// A key of a kind whose signatures cannot be verified here.
    #[error("line {line}: the log's key must be of Ed25519 (type 01)")]
    Algorithm {
        /// Counted from 1.
        line: usize,
    },
    /// A key stands there already, under this or another name.
    #[error("line {line}: the key stands there twice")]
    Twice {
        /// Counted from 1.
        line: usize,
    },
}

impl KnownLogs {
    /// Reads one `log KEY [URL]` from each line; empty lines and those that begin with `#` are passed over.
    ///
    /// # Errors
    /// [`KnownLogsError`] names the line.
    pub fn parse(text: &str) -> Result<Self, KnownLogsError> {
        let mut logs = Self::default();
        for (line, words) in (1..).zip(text.lines()) {
            let mut words = words.split([' ', '\t']).filter(|word| !word.is_empty());
            let key = match (words.next(), words.next(), words.next(), words.next()) {
                (None, ..) => continue,
                (Some(word), ..) if word.starts_with('#') => continue,
                (Some("log"), Some(key), _, None) => key,
                _ => return Err(KnownLogsError::Line { line }),
            };
            let key = VerifierKey::parse(key).map_err(|source| KnownLogsError::Key { line, source })?;
            if key.algorithm() != Algorithm::Ed25519 {
                return Err(KnownLogsError::Algorithm { line });
            }
            if logs.0.iter().any(|known| known.bytes() == key.bytes()) {
                return Err(KnownLogsError::Twice { line });
            }
            logs.0.push(key);
        }
        Ok(logs)
    }

    /// The keys of the log with this origin; none when it is unknown.
    pub fn keys(&self, origin: &str) -> Vec<&VerifierKey> {
        self.0.iter().filter(|key| key.name() == origin).collect()
    }

    /// Whose logs they are, each once.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        let names = self.0.iter().enumerate();
        names
            .filter(|(place, key)| self.0.iter().take(*place).all(|before| before.name() != key.name()))
            .map(|(_, key)| key.name())
    }
}

#[cfg(test)]
mod tlog_policy {
    use super::*;

    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn logs_stand_one_to_a_line() {
        let text = format!("# watched since May\n\n \t log\t{KEY}  https://example.com/foo \n#log x\n");
        let logs = KnownLogs::parse(&text).unwrap();
        assert_eq!(logs.origins().collect::<Vec<_>>(), ["example.com/foo"]);
        assert_eq!(logs.keys("example.com/foo").len(), 1);
        assert!(logs.keys("example.com/fo").is_empty());
    }

    #[test]
    fn anything_else_is_refused_by_its_line() {
        let cases = [
            (format!("\nlog {KEY}\nlog {KEY}\n"), KnownLogsError::Twice { line: 3 }),
            (format!("{KEY}\n"), KnownLogsError::Line { line: 1 }),
            (format!("log {KEY} https://a https://b\n"), KnownLogsError::Line { line: 1 }),
            ("log\n".into(), KnownLogsError::Line { line: 1 }),
            ("quorum none\n".into(), KnownLogsError::Line { line: 1 }),
            ("log x\n".into(), KnownLogsError::Key { line: 1, source: KeyError::Form }),
        ];
        for (text, error) in cases {
            assert_eq!(KnownLogs::parse(&text), Err(error), "{text}");
        }
    }
}
