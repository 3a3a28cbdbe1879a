//! The TLSA records of one host.
//!
//! ```text
//! A, AAAA ─┬─ inconclusive ─────────────────────────────► Inconclusive
//!          ├─ insecure, no alias or an insecure one ────► Absent, and TLSA is not asked
//!          ├─ insecure behind a secure alias ───────────► TLSA at the host
//!          └─ secure ───────────────────────────────────► TLSA at the end of the aliases, then at the host
//! ```
//!
//! Spec: RFC 7672 §2.1.2, §2.2.2, §2.2.3.

use std::time::Duration;

use starttls_net::dns::{Data, Kind, Outcome, Reply, Resolver};
use starttls_policy::decide::evidence::Tlsa;
use starttls_policy::{MAX_NAME_CHARS, MxHost};
use starttls_proto::tlsa;

use super::failure;
use crate::answer::{FAILURE_TTL, Failure, TlsaLookup};

/// How long it may be kept that no record can be there; nothing in the DNS changes it.
const IMPOSSIBLE_TTL: Duration = Duration::from_hours(24);

pub(super) async fn look_up(resolver: &Resolver, host: &MxHost, port: u16) -> TlsaLookup {
    if host.is_address() || !has_room(host.as_str(), port) {
        return TlsaLookup { state: Tlsa::Absent, failure: None, ttl: IMPOSSIBLE_TTL };
    }
    let mut search = Search { resolver, host: host.as_str(), port, ttl: Duration::MAX };
    match search.run().await {
        Ok(state) => TlsaLookup { state, failure: None, ttl: search.ttl },
        Err(failure) => {
            TlsaLookup { state: Tlsa::Inconclusive, failure: Some(failure), ttl: FAILURE_TTL.min(search.ttl) }
        }
    }
}

/// The name below which TLSA records of a host lie (RFC 7672 §2.2.3).
fn tlsa_name(base: &str, port: u16) -> String {
    format!("_{port}._tcp.{base}")
}

/// Tells whether a TLSA name of this base fits in the DNS; if not, no record can be there.
fn has_room(base: &str, port: u16) -> bool {
    // A base with escapes is shorter than its text.
    base.contains('\\') || tlsa_name(base, port).len() <= MAX_NAME_CHARS
}

struct Search<'a> {
    resolver: &'a Resolver,
    host: &'a str,
    port: u16,
    /// The shortest of all answers so far: the outcome rests on each of them.
    ttl: Duration,
}

impl Search<'_> {
    async fn run(&mut self) -> Result<Tlsa, Failure> {
        // RFC 7672 §2.2.2: without an address the host is not reached, so nothing has to be held against it.
        let Some(address) = self.addresses().await? else { return Ok(Tlsa::Absent) };
        let is_alias = address.canonical != self.host;
        let mut bases = Vec::with_capacity(2);
        if address.is_secure() && is_alias {
            bases.push(address.canonical.as_str());
        }
        if address.is_secure() || (is_alias && self.has_secure_alias().await?) {
            bases.push(self.host);
        }
        for base in bases {
            if let Some(state) = self.tlsa_at(base).await? {
                return Ok(state);
            }
        }
        Ok(Tlsa::Absent)
    }

    /// Addresses of either family: one that fails is no trouble where the other is there. IPv6 is asked only if it has to be.
    async fn addresses(&mut self) -> Result<Option<Reply>, Failure> {
        let four = self.ask(self.host, Kind::A, "A").await;
        match &four {
            Ok(reply) if reply.is_found() => return four.map(Some),
            // There is no such name, in whatever family.
            Ok(reply) if reply.outcome == Outcome::NxDomain => return Ok(None),
            _ => {}
        }
        let six = self.ask(self.host, Kind::Aaaa, "AAAA").await?;
        if six.is_found() {
            return Ok(Some(six));
        }
        four.map(|_| None)
    }

    /// RFC 7672 §2.1.3: of an insecure chain as a whole, only a question for the first alias alone tells its state.
    async fn has_secure_alias(&mut self) -> Result<bool, Failure> {
        let alias = self.ask(self.host, Kind::Cname, "CNAME").await?;
        Ok(alias.is_found() && alias.is_secure())
    }

    /// What the TLSA records below one name come to; `None` when there are none, or none that are secure.
    async fn tlsa_at(&mut self, base: &str) -> Result<Option<Tlsa>, Failure> {
        if !has_room(base, self.port) {
            return Ok(None);
        }
        let name = tlsa_name(base, self.port);
        let reply = self.ask(&name, Kind::Tlsa, "TLSA").await?;
        Ok((reply.is_found() && reply.is_secure()).then(|| state(&reply.records)))
    }

    async fn ask(&mut self, name: &str, kind: Kind, word: &str) -> Result<Reply, Failure> {
        match self.resolver.query(name, kind).await {
            Ok(reply) => {
                self.ttl = self.ttl.min(reply.ttl);
                Ok(reply)
            }
            Err(error) => Err(failure(&error, name, word)),
        }
    }
}

/// A record that is too short to be one is unusable, not absent: the host has said that it speaks TLS.
fn state(records: &[Data]) -> Tlsa {
    tlsa::state_of_rdata(records.iter().filter_map(|record| match record {
        Data::Tlsa(bytes) => Some(bytes.as_slice()),
        _ => None,
    }))
}
