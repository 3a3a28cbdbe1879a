//! How to fetch: whom to trust, how long to wait, which way out.

use std::time::Duration;

use super::{Proxy, ProxyError};
use crate::roots::{Roots, RootsError};

/// Everything a [`Client`](super::Client) is made from.
///
/// ```
/// use std::time::Duration;
/// use starttls_net::https::ClientSettings;
///
/// let settings = ClientSettings { deadline: Duration::from_secs(60), ..ClientSettings::default() };
/// assert!(settings.stall_timeout < settings.deadline);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientSettings {
    /// Whose certificates are trusted.
    pub roots: Roots,
    /// Until TCP and TLS stand, through the proxy if there is one.
    pub connect_timeout: Duration,
    /// For one fetch from one URL, with its redirects and to the last byte.
    pub deadline: Duration,
    /// How long the server may send no byte.
    pub stall_timeout: Duration,
    /// The way out.
    pub proxy: Proxy,
    /// Where a server may send us on to.
    pub redirects: Redirects,
    /// Who we say we are. Characters that cannot stand in a header are left out.
    pub user_agent: String,
}

/// Where a server may send us on to; always `https`, and three times at most.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Redirects {
    /// To the same host and port.
    #[default]
    SameHost,
    /// To any host.
    AnyHost,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            roots: Roots::default(),
            // A handshake across the world through a slow proxy takes two or three.
            connect_timeout: Duration::from_secs(15),
            // 100 MB at 3 Mbit/s.
            deadline: Duration::from_mins(5),
            stall_timeout: Duration::from_secs(30),
            proxy: Proxy::default(),
            redirects: Redirects::default(),
            user_agent: concat!("starttls/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The proxy cannot be used.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// Nobody is trusted.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// No runtime.
    #[error("the HTTPS client cannot be started")]
    Runtime {
        /// What the system answered.
        #[source]
        source: std::io::Error,
    },
}
