//! MTA-STS policy files: the text that a policy host serves over HTTPS.
//!
//! [`PolicyFile::parse`] is a liberal reader: line ends of either kind, blank lines and blanks around a line are accepted, of a
//! repeated key the first one counts, unknown keys count for nothing. But where it reads a mode, a time or a pattern, it reads
//! exactly what the grammar allows, and nothing of the text goes further but as a value of a type.
//!
//! Spec: RFC 8461 §3.2 (format), §4.1 (MX matching).

use alloc::vec::Vec;
use core::time::Duration;

use starttls_policy::{Mode, MxPattern, MxPatternError, Reach};

use super::field::{is_name, trim_end, trim_start};

/// Longest policy file, in bytes; whoever fetches may stop there (RFC 8461 §3.3 suggests this limit).
pub const MAX_FILE_BYTES: usize = 64 * 1024;

/// Most MX patterns, each counted once: as many as an entry of a list may have. Real policies have a handful.
pub const MAX_PATTERNS: usize = 256;

/// Longest `max_age`: 31,557,600 seconds, a year of 365¼ days.
pub const MAX_AGE_LIMIT: Duration = Duration::from_hours(8766);

/// Longest value of an `mx` key that is looked at, in bytes: a name of 253 characters, each of up to four bytes.
const MAX_PATTERN_BYTES: usize = 1024;

/// Some editors leave it in front of a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A policy file, valid by construction.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyFile {
    /// Its mode.
    pub mode: Mode,
    /// Its MX patterns, in the file's order, each once; empty at most where the mode is `none`. None of them is of any depth.
    pub mx: Vec<MxPattern>,
    /// How long it holds, up to [`MAX_AGE_LIMIT`].
    pub max_age: Duration,
}

/// Why a text is no policy (`sts-policy-invalid`, RFC 8460 §4.3.2).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyFileError {
    /// It is longer than [`MAX_FILE_BYTES`].
    #[error("the policy has {bytes} bytes; at most {MAX_FILE_BYTES} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A line is no pair.
    #[error("line {line} is not of the form `key: value`")]
    NotAPair {
        /// Counted from 1.
        line: usize,
    },
    /// A key that must be there is not.
    #[error("there is no `{key}`")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// The version is another one.
    #[error("line {line}: the `version` is not `STSv1`")]
    Version {
        /// Counted from 1.
        line: usize,
    },
    /// The mode is none that there is.
    #[error("line {line}: the `mode` is none of `enforce`, `testing` and `none`")]
    Mode {
        /// Counted from 1.
        line: usize,
    },
    /// The `max_age` is no number.
    #[error("line {line}: the `max_age` is no number of seconds")]
    MaxAge {
        /// Counted from 1.
        line: usize,
    },
    /// A pattern is none: neither a host name nor one behind `*.`.
    #[error("line {line}: the `mx` is no host name, with or without `*.` in front")]
    Mx {
        /// Counted from 1.
        line: usize,
        /// What is wrong, where a rule of names or patterns says it.
        #[source]
        cause: Option<MxPatternError>,
    },
    /// There are more patterns than [`MAX_PATTERNS`].
    #[error("line {line}: there are more than {MAX_PATTERNS} different `mx`; use `*.`")]
    TooManyMx {
        /// Counted from 1.
        line: usize,
    },
}

impl PolicyFile {
    /// Reads a policy file.
    ///
    /// One MX pattern that cannot be read makes the whole file invalid, as the grammar has it: the host that it was to name
    /// would be refused if it were left out, and the domain's mail with it; and guessing at what was meant could admit
    /// strangers. A policy fetched before goes on to hold then (RFC 8461 §3.3). Patterns over a public suffix (`*.com`) are
    /// among the unreadable ones, since a certificate of any stranger there would do. A policy of mode `none` names no hosts
    /// that anybody uses, so its patterns that cannot be read are passed over.
    ///
    /// Off-spec: a `max_age` above [`MAX_AGE_LIMIT`] counts as that limit, rather than that the domain goes unprotected for
    /// having asked for too much. U-labels, upper case and one trailing dot in an `mx` mean the A-labels in lower case without
    /// it: no other host can be meant. A byte order mark, and blanks in front of a line, are passed over.
    ///
    /// # Errors
    /// [`PolicyFileError`] names the line and the rule; nothing of the text stands in it but the first character that no name
    /// has, or a public suffix.
    pub fn parse(text: &[u8]) -> Result<Self, PolicyFileError> {
        if text.len() > MAX_FILE_BYTES {
            return Err(PolicyFileError::TooLong { bytes: text.len() });
        }
        let mut found = Found::default();
        for (line, text) in
            text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).split(|&byte| byte == b'\n').enumerate()
        {
            found.take(line + 1, text.strip_suffix(b"\r").unwrap_or(text))?;
        }
        found.finish()
    }
}

/// What was found so far.
#[derive(Default)]
struct Found<'a> {
    version: Option<()>,
    mode: Option<Mode>,
    max_age: Option<Duration>,
    /// Read when the mode is known, since it tells whether they count.
    mx: Vec<(usize, &'a [u8])>,
}

impl<'a> Found<'a> {
    fn take(&mut self, line: usize, text: &'a [u8]) -> Result<(), PolicyFileError> {
        let text = trim_end(trim_start(text));
        if text.is_empty() {
            return Ok(());
        }
        let (key, value) = split_pair(text).ok_or(PolicyFileError::NotAPair { line })?;
        match key {
            b"version" if self.version.is_none() => {
                self.version =
                    Some((value == b"STSv1").then_some(()).ok_or(PolicyFileError::Version { line })?);
            }
            b"mode" if self.mode.is_none() => {
                self.mode = Some(parse_mode(value).ok_or(PolicyFileError::Mode { line })?);
            }
            b"max_age" if self.max_age.is_none() => {
                self.max_age = Some(parse_max_age(value).ok_or(PolicyFileError::MaxAge { line })?);
            }
            b"mx" => self.mx.push((line, value)),
            _ => {}
        }
        Ok(())
    }

    fn finish(self) -> Result<PolicyFile, PolicyFileError> {
        let missing = |key| PolicyFileError::Missing { key };
        self.version.ok_or(missing("version"))?;
        let mode = self.mode.ok_or(missing("mode"))?;
        let max_age = self.max_age.ok_or(missing("max_age"))?;
        let mut patterns = Patterns::default();
        for (line, value) in self.mx {
            match parse_mx(line, value).and_then(|pattern| patterns.add(line, pattern)) {
                Err(_) if mode == Mode::None => {}
                other => other?,
            }
        }
        if patterns.in_order.is_empty() && mode != Mode::None {
            return Err(missing("mx"));
        }
        Ok(PolicyFile { mode, mx: patterns.in_order, max_age })
    }
}

/// Patterns in the file's order, each once.
#[derive(Default)]
struct Patterns {
    in_order: Vec<MxPattern>,
}

impl Patterns {
    fn add(&mut self, line: usize, pattern: MxPattern) -> Result<(), PolicyFileError> {
        // At most 256 comparisons for each of at most some thousand lines.
        if self.in_order.contains(&pattern) {
            return Ok(());
        }
        if self.in_order.len() == MAX_PATTERNS {
            return Err(PolicyFileError::TooManyMx { line });
        }
        self.in_order.push(pattern);
        Ok(())
    }
}

/// `key: value`; the value without blanks around it, and empty at most.
fn split_pair(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (key, value) = text.split_at(text.iter().position(|&byte| byte == b':')?);
    is_name(key).then(|| (key, trim_start(value.get(1..).unwrap_or_default())))
}

fn parse_mode(value: &[u8]) -> Option<Mode> {
    match value {
        b"enforce" => Some(Mode::Enforce),
        b"testing" => Some(Mode::Testing),
        b"none" => Some(Mode::None),
        _ => None,
    }
}

/// Digits alone; whatever is above the limit is the limit.
fn parse_max_age(value: &[u8]) -> Option<Duration> {
    let add_digit = |seconds: u64, &byte: &u8| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        Some(seconds.saturating_mul(10).saturating_add(digit))
    };
    let seconds = value.iter().try_fold(0_u64, add_digit).filter(|_| !value.is_empty())?;
    Some(Duration::from_secs(seconds).min(MAX_AGE_LIMIT))
}

fn parse_mx(line: usize, value: &[u8]) -> Result<MxPattern, PolicyFileError> {
    let none = |cause| PolicyFileError::Mx { line, cause };
    let text = core::str::from_utf8(value).ok().filter(|text| text.len() <= MAX_PATTERN_BYTES);
    let text = text.ok_or(none(None))?;
    let text = text.strip_suffix('.').unwrap_or(text);
    // A leading dot, which means any depth in lists, means nothing here.
    let (reach, name) = text.strip_prefix("*.").map_or((Reach::Exact, text), |name| (Reach::OneLabel, name));
    if name.contains('*') {
        return Err(none(Some(MxPatternError::Star)));
    }
    MxPattern::new(reach, name).map_err(|cause| none(Some(cause)))
}

#[cfg(test)]
mod tests;
