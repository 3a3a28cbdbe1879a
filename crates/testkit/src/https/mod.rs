//! An HTTPS server on loopback that does as it is told for each path, well or badly.
//!
//! It speaks HTTP/1.1 by hand, one request for each connection, so that a test can break the protocol on purpose.
//! What it was asked is kept for the test to look at.
//!
//! ```
//! use starttls_testkit::ca::{Authority, Validity};
//! use starttls_testkit::https::{Behaviour, Content, Server};
//!
//! let authority = Authority::new("Root")?;
//! let server = Server::start(&authority.sign(&["127.0.0.1"], Validity::Current)?)?;
//! server.at("/list.json", Behaviour::Serve(Content::new("{}").with_etag("\"one\"")));
//! server.at("/slow", Behaviour::Stall { body: b"0123456789".to_vec(), sent: 4 });
//! assert!(server.url("/list.json").starts_with("https://127.0.0.1:"));
//! # Ok::<(), anyhow::Error>(())
//! ```
//!
//! Spec: RFC 9110 §13 (conditional requests), §14 (ranges), RFC 9112.

mod behaviour;
mod connection;
mod content;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub use behaviour::Behaviour;
pub use content::Content;

use crate::ca::Identity;
use crate::listener::Listener;

/// A running server; it ends when dropped.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    site: Arc<Site>,
}

/// A request as the server saw it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    /// Such as `GET`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case, in the order of arrival.
    pub headers: Vec<(String, String)>,
}

/// What is served, and what was asked for.
#[derive(Debug, Default)]
pub(crate) struct Site {
    scripts: Mutex<HashMap<String, VecDeque<Behaviour>>>,
    directory: Mutex<Option<PathBuf>>,
    seen: Mutex<Vec<Seen>>,
}

impl Server {
    /// Starts a server that shows this certificate. Every path is 404 until something is put there.
    ///
    /// # Errors
    /// When no port or no TLS configuration can be had.
    pub fn start(identity: &Identity) -> Result<Self> {
        let pem = identity.pem();
        let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        let (config, site) = (Arc::new(config), Arc::new(Site::default()));
        let theirs = Arc::clone(&site);
        let listener = Listener::start(move |stream| connection::serve(stream, Arc::clone(&config), &theirs))
            .context("no port on 127.0.0.1")?;
        Ok(Self { listener, site })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The URL of a path (it begins with `/`), by address.
    pub fn url(&self, path: &str) -> String {
        self.url_at("127.0.0.1", path)
    }

    /// The URL of a path under another name of the same server.
    pub fn url_at(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.address().port())
    }

    /// From now on the path behaves so.
    pub fn at(&self, path: &str, behaviour: Behaviour) {
        self.script(path, [behaviour]);
    }

    /// From now on the path behaves as the script says, one step for each request; the last step stays.
    pub fn script(&self, path: &str, steps: impl IntoIterator<Item = Behaviour>) {
        lock(&self.site.scripts).insert(path.to_owned(), steps.into_iter().collect());
    }

    /// Serves the files below a directory at every path that has no behaviour of its own. A file's `ETag` is the
    /// digest of its content.
    pub fn directory(&self, directory: &Path) {
        *lock(&self.site.directory) = Some(directory.to_owned());
    }

    /// All requests so far, oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.site.seen).clone()
    }

    /// How often a path was asked for.
    pub fn count(&self, path: &str) -> usize {
        lock(&self.site.seen).iter().filter(|seen| seen.path == path).count()
    }
}

impl Seen {
    /// The value of the first header of this name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

impl Site {
    /// Remembers a request and tells how to answer it.
    fn behaviour(&self, seen: &Seen) -> Behaviour {
        lock(&self.seen).push(seen.clone());
        let mut scripts = lock(&self.scripts);
        match scripts.get_mut(&seen.path) {
            Some(steps) if steps.len() > 1 => steps.pop_front(),
            Some(steps) => steps.front().cloned(),
            None => self.file(&seen.path),
        }
        .unwrap_or(Behaviour::Status(404))
    }

    fn file(&self, path: &str) -> Option<Behaviour> {
        let directory = lock(&self.directory).clone()?;
        let path = path.split('?').next()?.trim_start_matches('/');
        if path.split('/').any(|step| step == "..") {
            return None;
        }
        Some(Behaviour::Serve(Content::with_digest(std::fs::read(directory.join(path)).ok()?)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
