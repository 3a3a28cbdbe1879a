//! Fingerprints: the names of keys that nobody can choose.
//!
//! Spec: RFC 9580 §5.5.4.

use std::fmt;

/// The fingerprint of a primary key or a subkey; shown as upper-case hex without blanks.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint(sequoia_openpgp::Fingerprint);

impl From<sequoia_openpgp::Fingerprint> for Fingerprint {
    fn from(fingerprint: sequoia_openpgp::Fingerprint) -> Self {
        Self(fingerprint)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
