//! Where a domain wants to hear of failures.
//!
//! Spec: RFC 8460 §3 (`rua`: `mailto:` or `https:`).

use core::fmt;

use smol_str::SmolStr;

/// Longest address that is read, in characters.
pub const MAX_REPORT_TO_CHARS: usize = 1024;

/// A `mailto:` or `https:` URL in printable ASCII without blanks or quotes.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ReportTo(SmolStr);

/// Why a text is no place to report to.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportToError {
    /// Neither `mailto:` nor `https:`.
    #[error("want `mailto:ADDRESS` or `https://HOST/PATH`")]
    Scheme,
    /// No host or no address.
    #[error("the address has no host")]
    Host,
    /// A blank, a quote, a bracket, a control character or a character outside ASCII.
    #[error("{found:?} cannot stand in a URL; percent-encode it")]
    Character {
        /// The first such character.
        found: char,
    },
    /// More than [`MAX_REPORT_TO_CHARS`].
    #[error("the address is longer than {MAX_REPORT_TO_CHARS} characters")]
    TooLong,
}

impl ReportTo {
    /// Reads an address.
    ///
    /// # Errors
    /// [`ReportToError`].
    pub fn parse(text: &str) -> Result<Self, ReportToError> {
        if text.len() > MAX_REPORT_TO_CHARS {
            return Err(ReportToError::TooLong);
        }
        if let Some(found) = text.chars().find(|c| {
            !c.is_ascii_graphic() || matches!(c, '"' | '<' | '>' | '\\' | '`' | '{' | '}' | '|' | '^')
        }) {
            return Err(ReportToError::Character { found });
        }
        let has_host = if let Some(rest) = text.strip_prefix("https://") {
            !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':'])
        } else if let Some(rest) = text.strip_prefix("mailto:") {
            rest.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty())
        } else {
            return Err(ReportToError::Scheme);
        };
        if has_host { Ok(Self(SmolStr::new(text))) } else { Err(ReportToError::Host) }
    }

    /// The URL as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReportTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod report_addresses {
    use super::*;

    #[test]
    fn are_mailto_or_https() {
        for text in ["mailto:tls@example.org", "https://example.org/tls", "https://example.org"] {
            assert_eq!(ReportTo::parse(text).unwrap().as_str(), text);
        }
        for (text, want) in [
            ("http://example.org", ReportToError::Scheme),
            ("example.org", ReportToError::Scheme),
            ("", ReportToError::Scheme),
            ("https://", ReportToError::Host),
            ("https:///x", ReportToError::Host),
            ("mailto:example.org", ReportToError::Host),
            ("https://example.org/a b", ReportToError::Character { found: ' ' }),
            ("mailto:a@example.org\r\nBcc: b", ReportToError::Character { found: '\r' }),
        ] {
            assert_eq!(ReportTo::parse(text), Err(want), "{text:?}");
        }
    }
}
