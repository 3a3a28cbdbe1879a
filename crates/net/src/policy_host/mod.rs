//! Policy hosts: one text from `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`, or why not.
//!
//! ```text
//! Domain ─► addresses (our resolver) ─► TCP ─► TLS, certificate for mta-sts.DOMAIN ─► GET ─► 200, text/plain, ≤ 64 KiB
//! ```
//!
//! No redirect is followed, no proxy asked, nothing kept between two fetches. Since a stranger chooses the address, only those of
//! the public Internet are called. What the text means is `starttls-proto`; larger and resumable fetches are [`crate::https`].
//!
//! Spec: RFC 8461 §3.2 and §3.3, RFC 8460 §4.3.2 (names of failures).

mod addresses;
mod error;
mod exchange;
mod settings;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use starttls_policy::Domain;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub use addresses::is_global;
pub use error::PolicyHostError;
pub use exchange::MAX_BODY_BYTES;
pub use settings::{Addresses, PolicyHostSettings};

use crate::dns::{Data, Kind, Resolver};
use crate::roots::RootsError;

/// The port of HTTPS.
const HTTPS_PORT: u16 = 443;

/// How many addresses of a policy host are tried.
const MAX_ADDRESSES: usize = 6;

/// Fetches policies; cheap to clone.
#[derive(Clone, Debug)]
pub struct PolicyHosts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: PolicyHostSettings,
    resolver: Resolver,
    tls: OnceCell<Arc<ClientConfig>>,
}

impl PolicyHosts {
    /// Asks this resolver for addresses. The roots that are to be trusted are read when they are needed first.
    pub fn new(settings: PolicyHostSettings, resolver: Resolver) -> Self {
        Self(Arc::new(Inner { settings, resolver, tls: OnceCell::new() }))
    }

    /// Reads the roots that are to be trusted, beside the runtime, if that was not done yet: it takes some milliseconds.
    ///
    /// # Errors
    /// [`RootsError`].
    pub async fn prepare(&self) -> Result<(), RootsError> {
        self.0.tls().await.map(|_| ())
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
    async fn tls(&self) -> Result<&Arc<ClientConfig>, RootsError> {
        let read = || async {
            let roots = self.settings.roots.clone();
            let config = spawn_blocking(move || roots.client_config()).await;
            let mut config = config.map_err(|_| RootsError::NoneOnSystem).flatten()?;
            // Each host is called once a day at most: remembering sessions would cost more than it saves.
            config.resumption = Resumption::disabled();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Ok(Arc::new(config))
        };
        self.tls.get_or_try_init(read).await
    }

    async fn fetch(&self, host: &str) -> Result<Vec<u8>, PolicyHostError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| PolicyHostError::ImpossibleName { host: host.to_owned() })?;
        let tls = self.tls().await.map_err(|source| PolicyHostError::Roots { source })?;
        let mut failure = None;
        for address in self.addresses(host).await? {
            match self.connect(tls, host, name.clone(), address).await {
                Ok(stream) => return exchange::get(stream, host, &self.settings).await,
                // A certificate that is not accepted says more than an address that is not reached.
                Err(_) if matches!(failure, Some(PolicyHostError::Certificate { .. })) => {}
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| PolicyHostError::NoAddress { host: host.to_owned() }))
    }

    /// IPv6 and IPv4 by turns, so that one of the two not working costs one time-out and not all of them.
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, PolicyHostError> {
        let (six, four) =
            tokio::join!(self.resolver.query(host, Kind::Aaaa), self.resolver.query(host, Kind::A));
        let found = |reply: &Result<_, _>| addresses_of(reply.as_ref().ok());
        let (mut six_left, mut four_left) = (found(&six).into_iter(), found(&four).into_iter());
        let mut all = Vec::new();
        loop {
            let pair = [six_left.next(), four_left.next()];
            if pair == [None, None] {
                break;
            }
            all.extend(pair.into_iter().flatten());
        }
        if all.is_empty() {
            return Err(match six.and(four) {
                Err(source) => PolicyHostError::Lookup { host: host.to_owned(), source },
                Ok(_) => PolicyHostError::NoAddress { host: host.to_owned() },
            });
        }
        if self.settings.addresses == Addresses::Global {
            all.retain(|address| is_global(*address));
            if all.is_empty() {
                return Err(PolicyHostError::NotGlobal { host: host.to_owned() });
            }
        }
        all.truncate(MAX_ADDRESSES);
        Ok(all)
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

fn addresses_of(reply: Option<&crate::dns::Reply>) -> Vec<IpAddr> {
    let address = |data: &Data| match data {
        Data::A(address) => Some(IpAddr::V4(*address)),
        Data::Aaaa(address) => Some(IpAddr::V6(*address)),
        _ => None,
    };
    reply.map(|reply| reply.records.iter().filter_map(address).collect()).unwrap_or_default()
}
