//! The resolver against a server that answers well and badly. Nothing leaves loopback.
#![expect(clippy::unwrap_used, reason = "a test")]

mod aliases;
mod failures;
mod hostile;
mod replies;
mod trust;

use std::net::SocketAddr;
use std::time::Duration;

use starttls_net::dns::{DnsFailure, Kind, Reply, Resolver, ResolverSettings};
use starttls_testkit::dns::Server;

/// Short, for the tests in which nobody answers.
const SHORT: Duration = Duration::from_millis(60);

/// Long, for the tests in which somebody does: reaching it is a failure.
const LONG: Duration = Duration::from_secs(20);

fn server() -> Server {
    let server = Server::start().unwrap();
    server.signed("signed.test");
    server
}

fn patient(server: &Server) -> Resolver {
    resolver(&[server.address()], LONG)
}

fn hasty(server: &Server) -> Resolver {
    resolver(&[server.address()], SHORT)
}

fn resolver(servers: &[SocketAddr], attempt_timeout: Duration) -> Resolver {
    let (servers, deadline) = (servers.to_vec(), LONG);
    Resolver::new(&ResolverSettings { servers, attempt_timeout, deadline, ..ResolverSettings::default() })
}

async fn found(server: &Server, name: &str, kind: Kind) -> Reply {
    patient(server).query(name, kind).await.unwrap()
}

async fn failure(server: &Server, name: &str, kind: Kind) -> DnsFailure {
    hasty(server).query(name, kind).await.unwrap_err()
}
