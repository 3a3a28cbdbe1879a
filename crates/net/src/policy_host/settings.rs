//! How to fetch a policy: whom to trust, how long to wait, which addresses to call.

use std::time::Duration;

use super::HTTPS_PORT;
use crate::roots::Roots;

/// Everything [`PolicyHosts`](super::PolicyHosts) are made from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyHostSettings {
    /// Whose certificates are trusted.
    pub roots: Roots,
    /// Whose certificates are trusted while `roots` could not be read yet: a part of them.
    pub fallback: Option<Roots>,
    /// Which addresses may be called.
    pub addresses: Addresses,
    /// For one fetch, look-up of the addresses included.
    pub deadline: Duration,
    /// For one address, until TLS stands. The next address is not kept waiting for it.
    pub connect_timeout: Duration,
    /// From then on, until the whole policy has come.
    pub response_timeout: Duration,
    /// Where policy hosts listen.
    pub port: u16,
    /// Who we say we are. Characters that cannot stand in a header are left out.
    pub user_agent: String,
}

/// Which addresses may be called.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Addresses {
    /// Those of the public Internet.
    #[default]
    Global,
    /// All: in a closed network, whose DNS is in the hands of its operator.
    Any,
}

impl Default for PolicyHostSettings {
    fn default() -> Self {
        Self {
            roots: Roots::default(),
            fallback: None,
            addresses: Addresses::default(),
            // RFC 8461 §3.3 suggests a minute. Mail waits a few seconds of it; a policy that comes later still counts.
            deadline: Duration::from_secs(20),
            // A lost packet is sent again after a second (RFC 6298 §2); half of what mail waits for leaves time for another address.
            connect_timeout: Duration::from_millis(2_500),
            response_timeout: Duration::from_secs(10),
            port: HTTPS_PORT,
            user_agent: concat!("starttls/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}
