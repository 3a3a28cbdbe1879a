//! What speaks against the keys about resolvers and the names by which they are tried.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use starttls_daemon::socketmap::Listen;
use starttls_net::dns::{Kind, Question, ResolverSettings, Trust};

use super::Said;
use crate::settings::Daemon;

/// Resolvers serve these names themselves, unsigned (RFC 6761 §6.2, §6.4).
const SPECIAL: [&str; 2] = ["test", "invalid"];

/// Adds what is wrong.
pub(super) fn look(daemon: &Daemon, said: &mut Said) {
    if let Some(text) = no_name("dnssec-probe", &daemon.dnssec_probe.value) {
        said.of(&daemon.dnssec_probe, text);
    }
    for (key, probe) in [("bogus-probe", &daemon.bogus_probe), ("denial-probe", &daemon.denial_probe)] {
        if let Some(text) = probe.value.as_ref().and_then(|name| no_name(key, name)) {
            said.of(probe, text);
        }
    }
    if let Some(probe) = &daemon.denial_probe.value {
        let last = probe.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
        if SPECIAL.iter().any(|special| last.eq_ignore_ascii_case(special)) {
            said.of(
                &daemon.denial_probe,
                format!(
                    "`daemon.denial-probe`: resolvers serve `{last}` themselves, unsigned; name a signed zone"
                ),
            );
        }
    }
    servers(daemon, said);
}

fn no_name(key: &str, name: &str) -> Option<String> {
    let is_name = Question::new(name, Kind::Soa).is_ok();
    (!is_name).then(|| {
        format!("`daemon.{key}`: `{name}` is no name that can be looked up, so that nothing is tried; want one as `example.org`")
    })
}

fn servers(daemon: &Daemon, said: &mut Said) {
    let key = &daemon.resolver;
    let servers = &key.value.0;
    let mut seen = HashSet::new();
    for server in servers {
        if !seen.insert(server) {
            said.of(key, format!("`daemon.resolver` names {server} twice; name it once"));
        }
        if own_addresses(daemon).any(|own| is_same(own, *server)) {
            said.of(
                key,
                format!("`daemon.resolver`: {server} is the daemon's own address; name the resolver's"),
            );
        }
    }
    let is_own = |ip| ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST;
    let trust = if daemon.trust_resolver.value { Trust::Always } else { Trust::LoopbackOnly };
    if !servers.is_empty()
        && trust == Trust::LoopbackOnly
        && !servers.iter().any(|server| is_own(server.ip().to_canonical()))
    {
        said.of(
            key,
            "`daemon.resolver` is neither 127.0.0.1 nor ::1, so that DANE is off: run a validating resolver on this \
             machine, or set `trust-resolver = true` where the way to it is safe",
        );
    }
    let ignored =
        ResolverSettings { servers: servers.clone(), trust, ..ResolverSettings::default() }.ignored();
    for server in ignored {
        said.of(
            key,
            format!(
                "`daemon.resolver`: {server} is not asked, not even when the others do not answer, since it is not believed and \
                 127.0.0.1 or ::1 is; leave it out, or set `trust-resolver = true` where it validates and the way to it is safe"
            ),
        );
    }
}

/// The addresses at which the daemon itself listens.
fn own_addresses(daemon: &Daemon) -> impl Iterator<Item = SocketAddr> {
    let listen = daemon.listen.value.iter().filter_map(|place| match place {
        Listen::Tcp(address) => Some(*address),
        Listen::Unix(_) => None,
    });
    listen.chain(daemon.status_address.value)
}

/// Tells whether one who listens at `own` answers at `other`.
fn is_same(own: SocketAddr, other: SocketAddr) -> bool {
    let (at, ip): (IpAddr, IpAddr) = (own.ip().to_canonical(), other.ip().to_canonical());
    own.port() == other.port() && (at == ip || (at.is_unspecified() && ip.is_loopback()))
}
