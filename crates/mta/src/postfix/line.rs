//! One line of the policy table, read back by a closed grammar: exactly what we write, nothing else that Postfix knows.
//!
//! `DOMAIN LEVEL [match=…] [servername=hostname] [protocols=…] [tafile=…] [policy_type=sts policy_domain=DOMAIN
//! mx_host_pattern=… { policy_string = … }]`, one blank between them, attributes in this order and each at the levels where
//! it has a meaning; the reply to a Postfix that asks for it quotes more of the policy, which is `reported`. Writing is
//! `answer` and `socketmap`; reader and writer share words only (levels, versions), so that neither hides the other's fault.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`.

use alloc::vec::Vec;

use starttls_policy::{TlsVersion, printable};

use super::anchors;
use super::level::Level;
use super::line_error::LineError;
use super::pattern::{Pattern, is_name};
use super::protocols::Syntax;
use super::reported::{self, Quotation, Reports};
use super::words::Words;

/// Longest line in bytes: as many names as an entry of a list may have, of full length, each in `match=` and as MX pattern, and a key file.
pub const MAX_LINE_BYTES: usize = 144 * 1024;

/// A line of the policy table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line<'a> {
    /// The policy domain.
    pub domain: &'a str,
    /// What Postfix is to do.
    pub answer: Answer<'a>,
}

/// What stands behind the domain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer<'a> {
    /// The security level.
    pub level: Level,
    /// Names one of which the certificate must carry: exact, or any depth below.
    pub names: Vec<Pattern<'a>>,
    /// SHA-256 digests of keys or certificates, at level `fingerprint`.
    pub digests: Vec<[u8; 32]>,
    /// Whether the MX host's name is sent as TLS server name.
    pub server_name: ServerName,
    /// The oldest TLS version, and how it is written.
    pub lowest: Option<(Syntax, TlsVersion)>,
    /// The key file that replaces the public authorities: an absolute path.
    pub anchors: Option<&'a str>,
    /// MX patterns that the host's name must match, or is only compared with at level `may`.
    pub mx_patterns: Vec<Pattern<'a>>,
    /// What TLS reports quote of the policy; there wherever `mx_patterns` are.
    pub quotation: Option<Quotation>,
}

/// Whether the MX host's name is sent as TLS server name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ServerName {
    /// `servername=hostname`.
    MxHost,
    /// Left to main.cf.
    Unsaid,
}

impl<'a> Line<'a> {
    /// Reads a line, without its line end.
    ///
    /// # Errors
    /// [`LineError`] says what the closed grammar does not know.
    pub fn parse(text: &'a str) -> Result<Self, LineError> {
        let (domain, answer) = text.split_once(' ').ok_or(LineError::NotAPair)?;
        if !is_name(domain) {
            return Err(LineError::Domain { got: printable(domain) });
        }
        Ok(Self { domain, answer: Answer::parse(answer, domain)? })
    }
}

impl<'a> Answer<'a> {
    /// Reads what stands behind the blank of a table's line.
    ///
    /// # Errors
    /// [`LineError`] says what the closed grammar does not know.
    pub fn parse(text: &'a str, domain: &str) -> Result<Self, LineError> {
        Self::read(text, domain, Reports::Untold)
    }

    /// Reads what stands behind `OK ` in the reply to a Postfix that asked with the attributes of 3.10.
    ///
    /// # Errors
    /// [`LineError`] says what the closed grammar does not know.
    pub fn parse_reply(text: &'a str, domain: &str) -> Result<Self, LineError> {
        Self::read(text, domain, Reports::Told)
    }

    fn read(text: &'a str, domain: &str, reports: Reports) -> Result<Self, LineError> {
        let mut words = Words { rest: Some(text) };
        let word = words.rest_word();
        let level = Level::from_name(word).filter(|level| *level != Level::None);
        let level = level.ok_or_else(|| LineError::Level { got: printable(word) })?;
        let (mut names, mut digests) = (Vec::new(), Vec::new());
        if matches!(level, Level::Secure) {
            names = words.list("match=", ':', Pattern::in_certificate)?;
        } else if matches!(level, Level::Fingerprint) {
            digests = words.list("match=", '|', parse_digest)?;
        }
        let mut server_name = ServerName::Unsaid;
        if matches!(level, Level::Secure | Level::Verify | Level::Fingerprint)
            && words.value("servername=", |value| (value == "hostname").then_some(()))?.is_some()
        {
            server_name = ServerName::MxHost;
        }
        let mut lowest = None;
        if level.is_mandatory() {
            lowest = words.value("protocols=", Syntax::parse)?;
        }
        let mut anchors = None;
        if matches!(level, Level::Secure | Level::Verify) {
            anchors = words.value("tafile=", |value| is_anchor_path(value).then_some(value))?;
        }
        let mut mx_patterns = Vec::new();
        // Enforced by Postfix only where `match=` stands too.
        if !names.is_empty() || (level == Level::May && reports == Reports::Told) {
            mx_patterns = reported::patterns(&mut words, domain, &names)?;
        }
        let mut quotation = None;
        if !mx_patterns.is_empty() {
            quotation = Some(reported::quotation(&mut words, level, &mx_patterns, reports)?);
        }
        words.end()?;
        Ok(Self { level, names, digests, server_name, lowest, anchors, mx_patterns, quotation })
    }
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
