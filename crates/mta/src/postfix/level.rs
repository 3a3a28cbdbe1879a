//! Security levels: the first word of a table's answer, and main.cf's `smtp_tls_security_level`.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`.

/// A security level; a table's answer replaces the one in main.cf, be it stronger or weaker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level {
    /// Cleartext only; never written.
    None,
    /// Encrypt where the server offers it.
    May,
    /// Encryption, with whatever certificate.
    Encrypt,
    /// A certificate or key with a known digest; neither chain nor names nor dates are looked at.
    Fingerprint,
    /// DANE where TLSA records are, opportunistic where they are proven absent.
    Dane,
    /// DANE or no delivery.
    DaneOnly,
    /// A valid certificate for the MX name that the DNS gave.
    Verify,
    /// A valid certificate for a name that the policy lists.
    Secure,
}

impl Level {
    /// All, in the order of Postfix's documentation.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::May,
        Self::Encrypt,
        Self::Fingerprint,
        Self::Dane,
        Self::DaneOnly,
        Self::Verify,
        Self::Secure,
    ];

    /// Reads a level as Postfix writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }

    /// The word that Postfix knows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::May => "may",
            Self::Encrypt => "encrypt",
            Self::Fingerprint => "fingerprint",
            Self::Dane => "dane",
            Self::DaneOnly => "dane-only",
            Self::Verify => "verify",
            Self::Secure => "secure",
        }
    }

    /// Tells whether mail can wait rather than go out in cleartext, whatever the DNS says.
    pub const fn is_mandatory(self) -> bool {
        match self {
            Self::None | Self::May | Self::Dane => false,
            Self::Encrypt | Self::Fingerprint | Self::DaneOnly | Self::Verify | Self::Secure => true,
        }
    }

    /// Tells whether some servers must prove who they are: all, or those with TLSA records.
    pub const fn authenticates_some(self) -> bool {
        self.is_authenticated() || matches!(self, Self::Dane)
    }

    /// Tells whether the server must also prove who it is, whatever the DNS says.
    pub const fn is_authenticated(self) -> bool {
        self.is_mandatory() && !matches!(self, Self::Encrypt)
    }
}
