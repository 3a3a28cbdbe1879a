//! What Postfix is told of an MTA-STS policy, read back. Writing is `report`.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps` (3.10).

use alloc::vec::Vec;

use starttls_policy::Mode;

use super::level::Level;
use super::line_error::{LineError, MAX_NAMES};
use super::pattern::Pattern;
use super::words::Words;

/// What TLS reports quote of an MTA-STS policy, besides its MX patterns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quotation {
    /// Its mode.
    pub mode: Mode,
    /// Its `max_age`, in seconds; `None` where version and mode are quoted alone.
    pub max_age_seconds: Option<u64>,
}

/// How much of an MTA-STS policy may stand in an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reports {
    /// Patterns, version and mode, at levels that enforce them.
    Untold,
    /// The whole policy, as TLS reports quote it; also at level `may`.
    Told,
}

/// Reads the policy's name and its MX patterns.
///
/// Beside `match=`, the patterns are its names, one by one, save that there one label is any depth.
pub(super) fn patterns<'a>(
    words: &mut Words<'a>,
    domain: &str,
    beside: &[Pattern<'a>],
) -> Result<Vec<Pattern<'a>>, LineError> {
    const ATTRIBUTE: &str = "mx_host_pattern=";
    if words.value("policy_type=", |value| (value == "sts").then_some(()))?.is_none() {
        return Ok(Vec::new());
    }
    if words.value("policy_domain=", |value| (value == domain).then_some(()))?.is_none() {
        return Err(words.unexpected());
    }
    let mut patterns = Vec::with_capacity(beside.len());
    for name in beside {
        let pattern = words.value(ATTRIBUTE, |value| Pattern::of_host(value, *name))?;
        patterns.push(pattern.ok_or_else(|| words.unexpected())?);
    }
    while beside.is_empty() {
        match words.value(ATTRIBUTE, Pattern::of_any_host)? {
            Some(_) if patterns.len() == MAX_NAMES => {
                return Err(LineError::TooMany { attribute: ATTRIBUTE });
            }
            Some(pattern) => patterns.push(pattern),
            None if patterns.is_empty() => return Err(words.unexpected()),
            None => break,
        }
    }
    Ok(patterns)
}

/// Reads what TLS reports quote: version and mode; in a reply also the whole policy, with the very patterns that were named before.
pub(super) fn quotation<'a>(
    words: &mut Words<'a>,
    level: Level,
    patterns: &[Pattern<'a>],
    reports: Reports,
) -> Result<Quotation, LineError> {
    let max_age_seconds = match reports {
        Reports::Untold => None,
        Reports::Told => words.value("policy_ttl=", parse_seconds)?,
    };
    words.quoted("version: ", |value| (value == "STSv1").then_some(()))?;
    let mode = words.quoted("mode: ", |value| parse_mode(value, level))?;
    if let Some(ttl) = max_age_seconds {
        for pattern in patterns {
            words.quoted("mx: ", |value| Pattern::of_any_host(value).filter(|quoted| quoted == pattern))?;
        }
        words.quoted("max_age: ", |value| parse_seconds(value).filter(|seconds| *seconds == ttl))?;
    }
    Ok(Quotation { mode, max_age_seconds })
}

/// What is enforced is a policy that says so; an operator may let such a one count as `testing`, too.
fn parse_mode(text: &str, level: Level) -> Option<Mode> {
    match text {
        "enforce" => Some(Mode::Enforce),
        "testing" if level == Level::May => Some(Mode::Testing),
        _ => None,
    }
}

/// As we write it: no sign, no zero in front.
fn parse_seconds(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_number)
}
