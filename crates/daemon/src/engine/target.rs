//! What a key asks about: a domain by its MX records, or one host.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`: the key is the next-hop, as `domain`, `domain:port`, `[host]` or `[host]:port`.

use std::fmt;

use starttls_policy::Domain;
use starttls_proto::socketmap::Key;

/// The port where mail servers take mail from one another (RFC 5321 §4.5.4.2).
pub(crate) const SMTP: u16 = 25;

/// What is asked about.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Target {
    /// The policy domain; the host's name where the operator named the host.
    pub(crate) domain: Domain,
    /// Where the TLSA records are looked for.
    pub(crate) port: u16,
    /// Who says which hosts receive.
    pub(crate) route: Route,
}

/// Who says which hosts receive.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Route {
    /// The domain's MX records.
    Mx,
    /// The operator, by `[host]`.
    Host,
}

impl Target {
    /// What a key asks about, if it can have a policy at all.
    pub(crate) fn of_key(key: &[u8]) -> Option<Self> {
        let (domain, port, route) = match Key::parse(key) {
            Key::Domain { domain, port } => (domain, port, Route::Mx),
            Key::Host { host, port } => (host, port, Route::Host),
            Key::Nothing => return None,
        };
        Some(Self { domain, port: port.unwrap_or(SMTP), route })
    }

    /// A domain by its MX records, at the usual port.
    pub(crate) fn domain(domain: Domain) -> Self {
        Self { domain, port: SMTP, route: Route::Mx }
    }
}

/// The key in its one canonical form.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.route {
            Route::Mx => write!(f, "{}", self.domain)?,
            Route::Host => write!(f, "[{}]", self.domain)?,
        }
        if self.port == SMTP { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}
