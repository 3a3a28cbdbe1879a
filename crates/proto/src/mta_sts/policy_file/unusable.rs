//! `mx` lines of a policy file that cannot be used: they are left out, counted, and the first one is kept for people.
//!
//! A line left out makes the policy narrower, never wider. Whether what is left suits the domain's MX hosts is judged by
//! `starttls-discover`, which knows them.
//!
//! Spec: RFC 8461 §3.2 (`sts-policy-mx-value`), RFC 5321 §4.1.2 (`Domain`).

use starttls_policy::MxPatternError;

use super::{MAX_PATTERN_TEXT_BYTES, MAX_PATTERNS};

/// Why an `mx` line cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableMx {
    /// It is not valid: neither a host name nor one behind `*.`.
    #[error("line {line}: the `mx` is no host name, with or without `*.` in front")]
    Invalid {
        /// Counted from 1.
        line: usize,
        /// What is wrong, where a rule of names or patterns says it.
        #[source]
        cause: Option<MxPatternError>,
    },
    /// It is valid, and would admit hosts of strangers, or no host that there can be.
    #[error("line {line}: the `mx` is valid, and cannot be used")]
    Unsuitable {
        /// Counted from 1.
        line: usize,
        /// Why it cannot be used.
        #[source]
        cause: MxPatternError,
    },
    /// There are more patterns than can be used.
    #[error(
        "line {line}: more different `mx` than can be used, which are {MAX_PATTERNS} of {MAX_PATTERN_TEXT_BYTES} bytes in all; \
         use `*.`"
    )]
    TooMany {
        /// Counted from 1.
        line: usize,
    },
}

/// The `mx` lines that were left out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LeftOut {
    count: usize,
    first: Option<UnusableMx>,
}

impl LeftOut {
    pub(super) fn add(&mut self, line: UnusableMx) {
        self.count += 1;
        self.first.get_or_insert(line);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The first one; none if there are none.
    pub fn first(&self) -> Option<&UnusableMx> {
        self.first.as_ref()
    }
}

/// Tells whether a value is valid by the grammar: `["*."] Domain`.
pub(super) fn is_valid(value: &str) -> bool {
    let name = value.strip_prefix("*.").unwrap_or(value);
    name.split('.').all(|label| {
        let bytes = label.as_bytes();
        let is_edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        is_edge(bytes.first()) && is_edge(bytes.last()) && bytes.iter().all(is_inner)
    })
}
