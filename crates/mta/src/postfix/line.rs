//! One line of the policy table, read back by a closed grammar: exactly what we write, nothing else that Postfix knows.
//!
//! `DOMAIN LEVEL [match=…] [servername=hostname] [protocols=…] [tafile=…] [policy_type=sts policy_domain=DOMAIN
//! mx_host_pattern=…]`, one blank between them, attributes in this order and each at the levels where it has a
//! meaning. Writing is `answer`; the two share no code, so that neither hides the other's fault.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`.

use alloc::string::String;
use alloc::vec::Vec;

use starttls_policy::{Domain, MxPattern, Reach, TlsVersion, printable};

use super::anchors;
use super::level::Level;
use super::protocols::Syntax;

/// Most MX names, MX patterns or pins in one line; real policies have a handful. With names of full length a line
/// stays below the 100,000 bytes that a policy server's answer may have.
pub const MAX_NAMES: usize = 128;

/// A line of the policy table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// The policy domain.
    pub domain: Domain,
    /// What Postfix is to do.
    pub answer: Answer,
}

/// What stands behind the domain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The security level.
    pub level: Level,
    /// Names one of which the certificate must carry: exact, or any depth below.
    pub names: Vec<MxPattern>,
    /// SHA-256 digests of keys or certificates, at level `fingerprint`.
    pub digests: Vec<[u8; 32]>,
    /// Whether the MX host's name is sent as TLS server name.
    pub server_name: ServerName,
    /// The oldest TLS version, and how it is written.
    pub lowest: Option<(Syntax, TlsVersion)>,
    /// The key file that replaces the public authorities: an absolute path.
    pub anchors: Option<String>,
    /// MX patterns that the host's name must match.
    pub mx_patterns: Vec<MxPattern>,
}

/// Whether the MX host's name is sent as TLS server name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ServerName {
    /// `servername=hostname`.
    MxHost,
    /// Left to main.cf.
    Unsaid,
}

/// Why a text is no line of ours.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// No blank behind the domain.
    #[error("a line is a domain, one blank, a level")]
    NotAPair,
    /// The key is no domain in lower-case A-labels.
    #[error("`{got}` is no domain as we write it")]
    Domain {
        /// The key, made printable.
        got: String,
    },
    /// A level that we do not write.
    #[error("`{got}` is no level that we write")]
    Level {
        /// The word, made printable.
        got: String,
    },
    /// An attribute that we do not write, or not at this level, or out of order.
    #[error("`{got}` is not expected here")]
    Attribute {
        /// The word, made printable.
        got: String,
    },
    /// A value that we do not write.
    #[error("`{value}` is no value of `{attribute}` that we write")]
    Value {
        /// The attribute.
        attribute: &'static str,
        /// The value, made printable.
        value: String,
    },
    /// More values than [`MAX_NAMES`].
    #[error("`{attribute}` has more than {MAX_NAMES} values")]
    TooMany {
        /// The attribute.
        attribute: &'static str,
    },
}

impl Line {
    /// Reads a line, without its line end.
    ///
    /// # Errors
    /// [`LineError`] says what the closed grammar does not know.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        let (key, answer) = text.split_once(' ').ok_or(LineError::NotAPair)?;
        let domain = parse_domain(key).ok_or_else(|| LineError::Domain { got: printable(key) })?;
        let answer = Answer::parse(answer, &domain)?;
        Ok(Self { domain, answer })
    }
}

impl Answer {
    /// Reads what stands behind the blank.
    ///
    /// # Errors
    /// [`LineError`] says what the closed grammar does not know.
    pub fn parse(text: &str, domain: &Domain) -> Result<Self, LineError> {
        let mut words = Words { rest: Some(text) };
        let word = words.rest_word();
        let level = Level::from_name(word).filter(|level| *level != Level::None);
        let level = level.ok_or_else(|| LineError::Level { got: printable(word) })?;
        let (mut names, mut digests) = (Vec::new(), Vec::new());
        if matches!(level, Level::Secure) {
            names = words.list("match", ':', parse_name)?;
        } else if matches!(level, Level::Fingerprint) {
            digests = words.list("match", '|', parse_digest)?;
        }
        let mut server_name = ServerName::Unsaid;
        if matches!(level, Level::Secure | Level::Verify | Level::Fingerprint)
            && words.value("servername", |value| (value == "hostname").then_some(()))?.is_some()
        {
            server_name = ServerName::MxHost;
        }
        let mut lowest = None;
        if level.is_mandatory() {
            lowest = words.value("protocols", Syntax::parse)?;
        }
        let mut anchors = None;
        if matches!(level, Level::Secure | Level::Verify) {
            anchors = words.value("tafile", |value| is_anchor_path(value).then(|| value.into()))?;
        }
        let mut mx_patterns = Vec::new();
        // Enforced by Postfix only where `match=` stands too.
        if !names.is_empty() && words.value("policy_type", |value| (value == "sts").then_some(()))?.is_some()
        {
            mx_patterns = parse_sts(&mut words, domain)?;
        }
        words.end()?;
        Ok(Self { level, names, digests, server_name, lowest, anchors, mx_patterns })
    }
}

fn parse_sts(words: &mut Words<'_>, domain: &Domain) -> Result<Vec<MxPattern>, LineError> {
    let is_ours = |value: &str| (value == domain.as_str()).then_some(());
    if words.value("policy_domain", is_ours)?.is_none() {
        return Err(words.unexpected());
    }
    let mut patterns = Vec::new();
    while let Some(pattern) = words.value("mx_host_pattern", parse_mx_pattern)? {
        if patterns.len() == MAX_NAMES {
            return Err(LineError::TooMany { attribute: "mx_host_pattern" });
        }
        patterns.push(pattern);
    }
    if patterns.is_empty() { Err(words.unexpected()) } else { Ok(patterns) }
}

/// The words of an answer; `None` when the last one is taken.
struct Words<'a> {
    rest: Option<&'a str>,
}

impl<'a> Words<'a> {
    /// Takes the next word, whatever it is.
    fn rest_word(&mut self) -> &'a str {
        let text = self.rest.unwrap_or_default();
        let (word, rest) = text.split_once(' ').map_or((text, None), |(word, rest)| (word, Some(rest)));
        self.rest = rest;
        word
    }

    /// Takes the next word if it is `attribute=VALUE`.
    fn value<T>(
        &mut self,
        attribute: &'static str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, LineError> {
        let is_next =
            self.rest.and_then(|rest| rest.strip_prefix(attribute)).is_some_and(|r| r.starts_with('='));
        if !is_next {
            return Ok(None);
        }
        let word = self.rest_word();
        let value = word.get(attribute.len() + 1..).unwrap_or_default();
        match parse(value) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(LineError::Value { attribute, value: printable(value) }),
        }
    }

    /// Takes the next word if it is `attribute=VALUE…`; the list is never empty where the attribute stands.
    fn list<T>(
        &mut self,
        attribute: &'static str,
        separator: char,
        parse: impl Fn(&'a str) -> Option<T>,
    ) -> Result<Vec<T>, LineError> {
        let value = self.value(attribute, Some)?;
        let Some(value) = value else { return Ok(Vec::new()) };
        let mut parts = value.split(separator);
        let parsed: Option<Vec<T>> = parts.by_ref().take(MAX_NAMES).map(parse).collect();
        match (parsed, parts.next()) {
            (_, Some(_)) => Err(LineError::TooMany { attribute }),
            (Some(parsed), None) => Ok(parsed),
            (None, None) => Err(LineError::Value { attribute, value: printable(value) }),
        }
    }

    fn end(&self) -> Result<(), LineError> {
        if self.rest.is_none() { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> LineError {
        LineError::Attribute { got: printable(self.rest.unwrap_or_default()) }
    }
}

fn parse_domain(text: &str) -> Option<Domain> {
    Domain::parse(text).ok().filter(|domain| domain.as_str() == text)
}

/// A name of `match=`: no `*`, and no keyword, since a name has a dot.
fn parse_name(text: &str) -> Option<MxPattern> {
    parse_pattern(text).filter(|pattern| pattern.reach() != Reach::OneLabel)
}

/// A value of `mx_host_pattern=`: exact or one label.
fn parse_mx_pattern(text: &str) -> Option<MxPattern> {
    parse_pattern(text).filter(|pattern| pattern.reach() != Reach::AnyDepth)
}

fn parse_pattern(text: &str) -> Option<MxPattern> {
    let pattern = MxPattern::parse(text).ok()?;
    let bare = match pattern.reach() {
        Reach::Exact => text,
        Reach::OneLabel => text.strip_prefix("*.")?,
        Reach::AnyDepth => text.strip_prefix('.')?,
    };
    (bare == pattern.name()).then_some(pattern)
}

/// 32 bytes in upper-case hexadecimal, colons between them.
fn parse_digest(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    let mut parts = text.split(':');
    for byte in &mut digest {
        let part = parts.next()?;
        let is_hex = part.len() == 2 && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
        *byte = u8::from_str_radix(part, 16).ok().filter(|_| is_hex)?;
    }
    parts.next().is_none().then_some(digest)
}

fn is_anchor_path(text: &str) -> bool {
    let at = text.rfind("/anchors/").map(|at| text.split_at(at));
    at.is_some_and(|(directory, file)| {
        is_path(directory) && file.strip_prefix('/').is_some_and(anchors::is_file_name)
    })
}

/// Tells whether a directory can stand in a table and in main.cf without any quoting: absolute, and of
/// `A-Z a-z 0-9 . _ / -` alone.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && text.len() <= MAX_PATH_BYTES
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'/' | b'-'))
}

/// Longest directory in bytes; systems allow 4096 for a whole path.
const MAX_PATH_BYTES: usize = 1024;
