//! Where mail for a domain goes.
//!
//! Spec: RFC 5321 §5.1 (MX, implicit MX, aliases), RFC 7505 §3 (null MX), RFC 7672 §2.2.1.

use std::collections::BTreeSet;

use starttls_net::dns::{Data, DnsFailure, Kind, Outcome, Reply, Resolver};
use starttls_policy::{Domain, MxHost};

use super::failure;
use crate::answer::{FAILURE_TTL, MxLookup, MxState};

/// How many hosts of a domain are looked at, the preferred ones first; no sender tries more. What the others publish is unknown.
const MAX_HOSTS: usize = 64;

pub(super) async fn look_up(resolver: &Resolver, domain: &Domain) -> MxLookup {
    read(domain, resolver.query(domain.as_str(), Kind::Mx).await)
}

fn read(domain: &Domain, answer: Result<Reply, DnsFailure>) -> MxLookup {
    let reply = match answer {
        Ok(reply) => reply,
        Err(error) => {
            let state = MxState::Inconclusive(failure(&error, domain.as_str(), "MX"));
            return MxLookup { state, ttl: FAILURE_TTL };
        }
    };
    let security = reply.security;
    let state = match reply.outcome {
        // RFC 5321 §5.1: the domain is its own and only host. At the end of an alias, too: its addresses are there as well.
        Outcome::NoData => MxState::Implicit { security },
        Outcome::NxDomain => MxState::Nowhere { security },
        Outcome::Found => match hosts(&reply.records) {
            (hosts, _) if hosts.is_empty() && is_null(&reply.records) => MxState::Nowhere { security },
            (hosts, _) if hosts.is_empty() => MxState::NoUsableName { security },
            (hosts, beyond) => MxState::Hosts { security, hosts, beyond },
        },
    };
    MxLookup { state, ttl: reply.ttl }
}

/// Tells whether there is the null MX and nothing else (RFC 7505 §3).
fn is_null(records: &[Data]) -> bool {
    records.iter().all(|record| match record {
        Data::Mx { exchange, .. } => exchange.trim_end_matches('.').is_empty(),
        _ => true,
    })
}

/// Hosts by preference, each once, and how many there are beyond [`MAX_HOSTS`]. Names that no mail server goes to are left out, the
/// null MX (RFC 7505 §3) where it should stand alone among them.
fn hosts(records: &[Data]) -> (Vec<MxHost>, usize) {
    let mut ranked: Vec<(u16, MxHost)> = records
        .iter()
        .filter_map(|record| match record {
            Data::Mx { preference, exchange } => Some((*preference, MxHost::from_dns(exchange).ok()?)),
            _ => None,
        })
        .collect();
    // Equal preferences by name, so that the same records always give the same answer.
    ranked.sort();
    let (mut hosts, mut known): (Vec<MxHost>, BTreeSet<MxHost>) = (Vec::new(), BTreeSet::new());
    for (_, host) in ranked {
        if known.insert(host.clone()) && hosts.len() < MAX_HOSTS {
            hosts.push(host);
        }
    }
    let beyond = known.len() - hosts.len();
    (hosts, beyond)
}
