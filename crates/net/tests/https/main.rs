//! The HTTPS client against a real server that does all that a server should not.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod bodies;
mod downloads;
mod limits;
mod mirrors;
mod proxies;
mod redirects;
mod trust;

use std::path::PathBuf;
use std::time::Duration;

use starttls_net::https::{
    Body, Client, ClientSettings, FetchError, FetchFailure, HttpsUrl, Proxy, Request, Response,
};
use starttls_net::roots::Roots;
use starttls_testkit::ca::{Authority, Validity};
use starttls_testkit::https::Server;
use tempfile::TempDir;

/// Long enough for any machine; no test waits for it.
const LONG: Duration = Duration::from_secs(20);

/// What tests wait for.
const SHORT: Duration = Duration::from_millis(300);

/// The largest body that the tests accept.
const MAX_BYTES: u64 = 10_000;

/// A server on 127.0.0.1 and localhost, and what its clients need.
struct Lab {
    server: Server,
    directory: TempDir,
}

impl Lab {
    fn new() -> Self {
        let authority = Authority::new("Root").unwrap();
        let names = ["127.0.0.1", "localhost", "mirror.example.org"];
        let server = Server::start(&authority.sign(&names, Validity::Current).unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ca.pem"), authority.pem()).unwrap();
        Self { server, directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Trusts the server, waits long, knows no proxy.
    fn settings(&self) -> ClientSettings {
        ClientSettings {
            roots: Roots::Only(vec![self.path("ca.pem")]),
            connect_timeout: LONG,
            deadline: LONG,
            stall_timeout: LONG,
            proxy: Proxy::None,
            ..ClientSettings::default()
        }
    }

    fn client(&self) -> Client {
        Client::new(&self.settings()).unwrap()
    }

    fn url(&self, path: &str) -> HttpsUrl {
        self.server.url(path).parse().unwrap()
    }

    fn request(&self, path: &str) -> Request {
        Request::new(self.url(path), MAX_BYTES)
    }

    fn fetch(&self, path: &str) -> Result<Response, FetchError> {
        self.client().fetch(&self.request(path))
    }

    fn body(&self, path: &str) -> Body {
        body(self.fetch(path))
    }

    fn failure(&self, path: &str) -> FetchFailure {
        failure(self.fetch(path))
    }
}

fn body(fetched: Result<Response, FetchError>) -> Body {
    match fetched.unwrap() {
        Response::Body(body) => body,
        Response::NotModified => panic!("not modified"),
    }
}

fn failure<T: std::fmt::Debug>(fetched: Result<T, FetchError>) -> FetchFailure {
    *fetched.unwrap_err().cause
}
