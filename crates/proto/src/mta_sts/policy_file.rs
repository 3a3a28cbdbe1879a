//! MTA-STS policy files: the text that a policy host serves over HTTPS.
//!
//! [`PolicyFile::parse`] is a liberal reader: line ends of either kind, blank lines and blanks around a line are accepted, of a
//! repeated key the first one counts, unknown keys count for nothing. But where it reads a mode, a time or a pattern, it reads
//! exactly what the grammar allows, and nothing of the text goes further but as a value of a type. An `mx` line that cannot be used
//! is left out; it never takes the rest of the policy with it.
//!
//! Spec: RFC 8461 §3.2 (format), §4.1 (MX matching).

mod unusable;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use starttls_policy::{Mode, MxPattern, MxPatternError, Reach};

pub use unusable::{LeftOut, UnusableMx};

use super::field::{is_name, trim_end, trim_start};

/// Longest policy file, in bytes; whoever fetches may stop there (RFC 8461 §3.3 suggests this limit).
pub const MAX_FILE_BYTES: usize = 64 * 1024;

/// Most MX patterns, each counted once. Real policies have a handful, large ones some hundred.
pub const MAX_PATTERNS: usize = 4096;

/// Longest text of all patterns in A-labels, in bytes, each with one character between it and the next: as long as a policy
/// file, so that only U-labels, which are longer as A-labels, can have more.
pub const MAX_PATTERN_TEXT_BYTES: usize = MAX_FILE_BYTES;

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
    /// The `mx` lines that cannot be used; not counted where the mode is `none`.
    pub left_out: LeftOut,
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
    /// None of the `mx` lines can be used.
    #[error("none of its {count} `mx` lines can be used")]
    NoUsableMx {
        /// How many there are.
        count: usize,
        /// What is wrong with the first one.
        #[source]
        first: UnusableMx,
    },
}

impl PolicyFile {
    /// Reads a policy file.
    ///
    /// An `mx` line that cannot be used is left out and counted, whether it is invalid or valid and unsuitable: a pattern over a
    /// public suffix (`*.com`), for which the certificate of any stranger there would do, or a name that no mail host has. The
    /// policy admits fewer hosts then, never more. A policy of mode `none` names no hosts that anybody uses, so its lines are
    /// not judged.
    ///
    /// Off-spec: a `max_age` above [`MAX_AGE_LIMIT`] counts as that limit, rather than that the domain goes unprotected for
    /// having asked for too much. U-labels, upper case and one trailing dot in an `mx` mean the A-labels in lower case without
    /// it: no other host can be meant. A byte order mark, and blanks in front of a line, are passed over.
    ///
    /// # Errors
    /// [`PolicyFileError`] where the text is no policy by the grammar, or no `mx` line can be used; it names the line and the rule.
    /// Nothing of the text stands in it but the first character that no name has, or a public suffix.
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
                Err(unusable) => patterns.left_out.add(unusable),
                Ok(()) => {}
            }
        }
        let Patterns { in_order: mx, left_out, .. } = patterns;
        if mx.is_empty() && mode != Mode::None {
            let count = left_out.count();
            let first = left_out.first().cloned().ok_or(missing("mx"))?;
            return Err(PolicyFileError::NoUsableMx { count, first });
        }
        Ok(PolicyFile { mode, mx, max_age, left_out })
    }
}

/// Patterns in the file's order, each once.
#[derive(Default)]
struct Patterns {
    in_order: Vec<MxPattern>,
    known: BTreeSet<MxPattern>,
    text_bytes: usize,
    left_out: LeftOut,
}

impl Patterns {
    fn add(&mut self, line: usize, pattern: MxPattern) -> Result<(), UnusableMx> {
        if self.known.contains(&pattern) {
            return Ok(());
        }
        let star = if pattern.reach() == Reach::Exact { "" } else { "*." };
        let text_bytes = self.text_bytes + star.len() + pattern.name().len() + " ".len();
        if self.in_order.len() == MAX_PATTERNS || text_bytes > MAX_PATTERN_TEXT_BYTES {
            return Err(UnusableMx::TooMany { line });
        }
        self.text_bytes = text_bytes;
        self.known.insert(pattern.clone());
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

fn parse_mx(line: usize, value: &[u8]) -> Result<MxPattern, UnusableMx> {
    let value = core::str::from_utf8(value).ok().filter(|text| text.len() <= MAX_PATTERN_BYTES);
    let value = value.ok_or(UnusableMx::Invalid { line, cause: None })?;
    let text = value.strip_suffix('.').unwrap_or(value);
    // A leading dot, which means any depth in lists, means nothing here.
    let (reach, name) = text.strip_prefix("*.").map_or((Reach::Exact, text), |name| (Reach::OneLabel, name));
    let pattern = if name.contains('*') { Err(MxPatternError::Star) } else { MxPattern::new(reach, name) };
    pattern.map_err(|cause| {
        if unusable::is_valid(value) {
            UnusableMx::Unsuitable { line, cause }
        } else {
            UnusableMx::Invalid { line, cause: Some(cause) }
        }
    })
}

#[cfg(test)]
mod tests;
