//! Policy hosts: one text from `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`, or why not.
//!
//! ```text
//! Domain ─► addresses (our resolver) ─► TCP ─► TLS, certificate for mta-sts.DOMAIN ─► GET ─► 200, text/plain, ≤ 64 KiB
//! ```
//!
//! Addresses are tried side by side, each begun a little after the one before (`race`), so that a dead one costs a quarter of a
//! second. Each step has a limit well below that of the whole.
//!
//! No redirect is followed, no proxy asked, nothing kept between two fetches. Since a stranger chooses the address, only those of
//! the public Internet are called. What the text means is `starttls-proto`; larger and resumable fetches are [`crate::https`].
//!
//! Spec: RFC 8461 §3.2 and §3.3, RFC 8460 §4.3.2 (names of failures), RFC 8305 (several addresses).

mod addresses;
mod error;
mod exchange;
mod race;
mod settings;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError};

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use starttls_policy::Domain;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub use addresses::is_global;
pub use error::PolicyHostError;
pub use settings::{Addresses, PolicyHostSettings};

use crate::dns::{Data, DnsFailure, Kind, Reply, Resolver};
use crate::roots::{Roots, RootsError};
use race::{Family, Finish, race};

/// The largest policy (RFC 8461 §3.3 suggests it).
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The largest head of an answer; web servers send one or two thousand bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The port of HTTPS.
const HTTPS_PORT: u16 = 443;

/// Fetches policies; cheap to clone.
#[derive(Clone, Debug)]
pub struct PolicyHosts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: PolicyHostSettings,
    resolver: Resolver,
    /// `None` until the roots are read.
    tls: Mutex<Option<Arc<ClientConfig>>>,
}

impl PolicyHosts {
    /// Asks this resolver for addresses. The roots that are to be trusted are read when they are needed first.
    pub fn new(settings: PolicyHostSettings, resolver: Resolver) -> Self {
        Self(Arc::new(Inner { settings, resolver, tls: Mutex::default() }))
    }

    /// Reads the roots that are to be trusted, or else the fallback, beside the runtime, if that was not done yet: it takes some
    /// milliseconds.
    ///
    /// # Errors
    /// [`RootsError`].
    pub async fn prepare(&self) -> Result<(), RootsError> {
        self.0.tls().await.map(|_| ())
    }

    /// Reads the roots anew, and trusts these from then on. Where that fails, those that were read before are trusted on, or the
    /// fallback.
    ///
    /// # Errors
    /// [`RootsError`].
    pub async fn reload_roots(&self) -> Result<(), RootsError> {
        let read = self.0.read(&self.0.settings.roots).await?;
        *self.0.tls.lock().await = Some(read);
        Ok(())
    }

    /// The text that a domain's policy host serves.
    ///
    /// # Errors
    /// [`PolicyHostError`].
    pub async fn fetch(&self, domain: &Domain) -> Result<Vec<u8>, PolicyHostError> {
        let host = format!("mta-sts.{domain}");
        let deadline = self.0.settings.deadline;
        match timeout(deadline, self.0.fetch(&host)).await {
            Ok(done) => done,
            Err(_) => Err(PolicyHostError::DeadlinePassed { host, deadline }),
        }
    }
}

impl Inner {
    async fn tls(&self) -> Result<Arc<ClientConfig>, RootsError> {
        // Held while they are read, so that this is done once.
        let mut tls = self.tls.lock().await;
        if let Some(read) = &*tls {
            return Ok(Arc::clone(read));
        }
        let read = match (self.read(&self.settings.roots).await, &self.settings.fallback) {
            (Err(error), Some(fallback)) => self.read(fallback).await.map_err(|_| error)?,
            (read, _) => read?,
        };
        *tls = Some(Arc::clone(&read));
        Ok(read)
    }

    async fn read(&self, roots: &Roots) -> Result<Arc<ClientConfig>, RootsError> {
        let roots = roots.clone();
        let config = spawn_blocking(move || roots.client_config()).await;
        let mut config = config.map_err(|_| RootsError::NoneOnSystem).flatten()?;
        // Each host is called once a day at most: remembering sessions would cost more than it saves.
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    async fn fetch(&self, host: &str) -> Result<Vec<u8>, PolicyHostError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| PolicyHostError::ImpossibleName { host: host.to_owned() })?;
        let tls = self.tls().await.map_err(|source| PolicyHostError::Roots { source })?;
        let lookups = std::sync::Mutex::new(Lookups::default());
        let asked = [(Family::Six, Kind::Aaaa), (Family::Four, Kind::A)].map(|(family, kind)| {
            let lookups = &lookups;
            async move {
                let reply = self.resolver.query(host, kind).await;
                let mut lookups = lookups.lock().unwrap_or_else(PoisonError::into_inner);
                (family, lookups.take(reply, self.settings.addresses))
            }
        });
        let stream = match race(asked, |address| self.connect(&tls, host, name.clone(), address)).await {
            Finish::Won(stream) => stream,
            Finish::Lost(failures) => {
                let lookups = lookups.into_inner().unwrap_or_else(PoisonError::into_inner);
                return Err(worst(failures).unwrap_or_else(|| lookups.failure(host)));
            }
        };
        let limit = self.settings.response_timeout;
        match timeout(limit, exchange::get(stream, host, &self.settings)).await {
            Ok(done) => done,
            Err(_) => Err(PolicyHostError::DeadlinePassed { host: host.to_owned(), deadline: limit }),
        }
    }

    async fn connect(
        &self,
        tls: &Arc<ClientConfig>,
        host: &str,
        name: ServerName<'static>,
        address: IpAddr,
    ) -> Result<TlsStream<TcpStream>, PolicyHostError> {
        let connecting = async {
            let stream = TcpStream::connect(SocketAddr::new(address, self.settings.port)).await?;
            stream.set_nodelay(true)?;
            TlsConnector::from(Arc::clone(tls)).connect(name, stream).await
        };
        match timeout(self.settings.connect_timeout, connecting).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(PolicyHostError::of_connection(host, error)),
            Err(_) => Err(PolicyHostError::of_connection(host, io::ErrorKind::TimedOut.into())),
        }
    }
}

/// What the look-ups of a host's addresses came to, beside the addresses themselves.
#[derive(Default)]
struct Lookups {
    failure: Option<DnsFailure>,
    has_private: bool,
}

impl Lookups {
    /// The addresses of one family that may be called.
    fn take(&mut self, reply: Result<Reply, DnsFailure>, allowed: Addresses) -> Vec<IpAddr> {
        let mut found = match reply {
            Ok(reply) => addresses_of(&reply),
            Err(failure) => {
                self.failure.get_or_insert(failure);
                return Vec::new();
            }
        };
        if allowed == Addresses::Global {
            let before = found.len();
            found.retain(|address| is_global(*address));
            self.has_private |= found.len() < before;
        }
        found
    }

    /// Why there was no address to call.
    fn failure(self, host: &str) -> PolicyHostError {
        let host = host.to_owned();
        match self.failure {
            _ if self.has_private => PolicyHostError::NotGlobal { host },
            Some(source) => PolicyHostError::Lookup { host, source },
            None => PolicyHostError::NoAddress { host },
        }
    }
}

/// The failure that says most: a certificate that is not accepted says more than an address that is not reached.
fn worst(failures: Vec<PolicyHostError>) -> Option<PolicyHostError> {
    let is_certificate = |failure: &PolicyHostError| matches!(failure, PolicyHostError::Certificate { .. });
    let (mut certificate, mut last) = (None, None);
    for failure in failures {
        if is_certificate(&failure) {
            certificate.get_or_insert(failure);
        } else {
            last = Some(failure);
        }
    }
    certificate.or(last)
}

fn addresses_of(reply: &Reply) -> Vec<IpAddr> {
    let address = |data: &Data| match data {
        Data::A(address) => Some(IpAddr::V4(*address)),
        Data::Aaaa(address) => Some(IpAddr::V6(*address)),
        _ => None,
    };
    reply.records.iter().filter_map(address).collect()
}
