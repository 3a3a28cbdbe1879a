//! Whether the resolvers deny what is not there: a forwarder that turns NXDOMAIN into SERVFAIL looks well otherwise, and defers mail
//! to every signed domain without TLSA records.
//!
//! Spec: RFC 4035 §3.1.3 (denials are signed), RFC 6761 §6.2 and §6.4 (`test.` and `invalid.`, which resolvers serve themselves).

use std::net::SocketAddr;

use starttls_net::dns::{Kind, Outcome, Reply, Resolver};
use starttls_policy::decide::evidence::{Cause, Security};

use super::{Probe, failure};
use crate::answer::Denial;

/// A signed zone of the public DNS that is there for infrastructure, and whose names resolvers do not make up.
const PUBLIC_ZONE: &str = "arpa";

/// A label below the zone that nobody has.
const ABSENT_LABEL: &str = "starttls-denial-probe";

/// Zones that resolvers answer for themselves: a denial there says nothing about others.
const LOCAL_ZONES: [&str; 2] = ["test", "invalid"];

/// One resolver that does not deny is enough: any answer may come from it.
pub(super) async fn probe(resolver: &Resolver, probe: &Probe) -> Denial {
    let Some(zone) = zone(probe) else { return Denial::Unknown };
    let mut all = Denial::Unknown;
    for (server, worth) in resolver.servers() {
        // Nothing that such a resolver says is believed, denials included.
        if worth == Security::Insecure {
            continue;
        }
        match probe_one(resolver, server, zone).await {
            Denial::Working => all = Denial::Working,
            Denial::Unknown => {}
            failing @ Denial::Failing { .. } => return failing,
        }
    }
    all
}

/// The zone to try, unless a resolver would serve it by itself.
fn zone(probe: &Probe) -> Option<&str> {
    let of_signed = || match bare(&probe.signed) {
        "" => PUBLIC_ZONE,
        signed => signed,
    };
    let zone = probe.denial.as_deref().map_or_else(of_signed, bare);
    let top = zone.rsplit('.').next().unwrap_or_default();
    (!zone.is_empty() && !LOCAL_ZONES.iter().any(|local| top.eq_ignore_ascii_case(local))).then_some(zone)
}

fn bare(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

async fn probe_one(resolver: &Resolver, server: SocketAddr, zone: &str) -> Denial {
    match resolver.query_at(server, zone, Kind::Soa).await {
        Ok(reply) if reply.is_found() && reply.is_secure() => {}
        // Out of reach, or not validated: neither says anything about denials.
        _ => return Denial::Unknown,
    }
    let absent = format!("{ABSENT_LABEL}.{zone}");
    for (name, kind, word) in [(zone, Kind::Tlsa, "TLSA"), (absent.as_str(), Kind::A, "A")] {
        match resolver.query_at(server, name, kind).await {
            Ok(reply) if is_denied(&reply) => {}
            Ok(reply) => {
                let came = if reply.is_found() {
                    "answered with records"
                } else {
                    "did not mark the denial as verified"
                };
                let words = format!(
                    "the resolver {server} {came} when asked for {word} of `{name}`, which is not there"
                );
                return Denial::Failing { words };
            }
            Err(error) if error.cause == Cause::Timeout => return Denial::Unknown,
            Err(error) => return Denial::Failing { words: failure(&error, name, word).words },
        }
    }
    Denial::Working
}

/// RFC 4470 and others answer NODATA for names that are not there.
fn is_denied(reply: &Reply) -> bool {
    matches!(reply.outcome, Outcome::NoData | Outcome::NxDomain) && reply.is_secure()
}

#[cfg(test)]
mod zone_to_try {
    use super::*;

    #[test]
    fn fault_12_is_never_one_that_resolvers_serve_themselves() {
        let zone_of = |signed: &str, denial: Option<&str>| {
            let probe = Probe { signed: signed.into(), bogus: None, denial: denial.map(Into::into) };
            zone(&probe).map(str::to_owned)
        };
        assert_eq!(zone_of(".", None).as_deref(), Some("arpa"));
        assert_eq!(zone_of("corp.example.", None).as_deref(), Some("corp.example"));
        assert_eq!(zone_of("test.", Some("corp.example.")).as_deref(), Some("corp.example"));
        for local in ["test.", "lab.test", "invalid", "a.INVALID."] {
            assert_eq!(zone_of(local, None), None, "{local}");
            assert_eq!(zone_of(".", Some(local)), None, "{local}");
        }
    }
}
