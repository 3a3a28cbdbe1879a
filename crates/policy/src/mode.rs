//! How binding a policy is, and what it asks of a session.
//!
//! Spec: RFC 8461 §3.2 and §5 (modes); RFC 9325 §3.1.1 (TLS versions).

use core::fmt;

/// How binding a policy is; ordered from weak to strong.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Mode {
    /// Asks for nothing: the domain takes back what it asked before.
    None,
    /// Failures are noted, mail is delivered.
    Testing,
    /// Mail waits rather than go out unprotected.
    Enforce,
}

/// What a session must show; ordered from weak to strong.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Requirement {
    /// Encryption, with whatever certificate.
    Tls,
    /// Encryption to a certificate that is valid for a listed MX name.
    Certificate,
}

/// A TLS protocol version, as policies name it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum TlsVersion {
    /// TLS 1.0 (RFC 2246), `TLSv1`.
    Tls10,
    /// TLS 1.1 (RFC 4346).
    Tls11,
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// The lowest TLS version that the operator accepts whatever a list says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TlsFloor {
    /// What the policy says, be it as low as it is.
    AsListed,
    /// At least this version; lower ones are raised, and the decision says so.
    AtLeast(TlsVersion),
}

impl Mode {
    /// All, weak to strong.
    pub const ALL: [Self; 3] = [Self::None, Self::Testing, Self::Enforce];

    /// Reads `none`, `testing` or `enforce`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// The word used in lists and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Testing => "testing",
            Self::Enforce => "enforce",
        }
    }
}

impl Requirement {
    /// Reads `tls` or `certificate`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Tls, Self::Certificate].into_iter().find(|requirement| requirement.name() == name)
    }

    /// The word used in lists and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Certificate => "certificate",
        }
    }
}

impl TlsVersion {
    /// All, old to new.
    pub const ALL: [Self; 4] = [Self::Tls10, Self::Tls11, Self::Tls12, Self::Tls13];

    /// Reads `TLSv1`, `TLSv1.1`, `TLSv1.2` or `TLSv1.3`, exactly so.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }

    /// The word used in lists, output and Postfix.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls10 => "TLSv1",
            Self::Tls11 => "TLSv1.1",
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }
}

impl Default for TlsFloor {
    /// TLS 1.2 (RFC 9325 §3.1.1 forbids what is older).
    fn default() -> Self {
        Self::AtLeast(TlsVersion::Tls12)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
