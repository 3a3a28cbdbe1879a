//! Whether the resolvers validate: each of them has to mark a signed answer as verified, and to refuse a bogus one.
//!
//! Spec: RFC 7672 §2.1.1, RFC 4035 §4.9.3.

use std::net::SocketAddr;

use starttls_net::dns::{Kind, Outcome, Resolver};
use starttls_policy::decide::evidence::{Cause, Security};

use super::{Probe, failure};
use crate::answer::{Failure, Validation};

/// One resolver that does not validate is enough: any answer may come from it.
pub(super) async fn probe(resolver: &Resolver, probe: &Probe) -> Validation {
    let mut all = Validation::Unknown(Failure { cause: Cause::Failure, words: "no resolver is set".into() });
    for (server, worth) in resolver.servers() {
        match probe_one(resolver, probe, server, worth).await {
            Validation::Proven => all = Validation::Proven,
            refuted @ Validation::Refuted { .. } => return refuted,
            // Where another one answers, the next question will be answered, too.
            Validation::Unknown(failure) => {
                if all != Validation::Proven {
                    all = Validation::Unknown(failure);
                }
            }
        }
    }
    all
}

/// What else may be wrong, where the name is not the root, which is signed.
fn otherwise(signed: &str) -> &'static str {
    match signed {
        "" | "." => "",
        _ => ", or set `dnssec-probe` to a name that is signed, if this one is not",
    }
}

async fn probe_one(resolver: &Resolver, probe: &Probe, server: SocketAddr, worth: Security) -> Validation {
    if worth == Security::Insecure {
        return Validation::Refuted {
            words: format!(
                "the resolver {server} is neither 127.0.0.1 nor ::1, so what it says of signatures is not believed; run a \
                 validating resolver there, or declare this one and the way to it trusted"
            ),
        };
    }
    match resolver.query_at(server, &probe.signed, Kind::Soa).await {
        Err(error) => return Validation::Unknown(failure(&error, &probe.signed, "SOA")),
        Ok(reply) if !reply.is_secure() => {
            return Validation::Refuted {
                words: format!(
                    "the resolver {server} did not mark the SOA record of `{}` as verified; switch on DNSSEC validation \
                     there{}",
                    probe.signed,
                    otherwise(&probe.signed)
                ),
            };
        }
        // A signed denial that the name exists: nothing is known of the zone that was meant.
        Ok(reply) if reply.outcome == Outcome::NxDomain => {
            return Validation::Refuted {
                words: format!(
                    "the name `{}`, by which it is tried whether the resolver {server} validates, does not exist; set \
                     `dnssec-probe` to a signed name",
                    probe.signed
                ),
            };
        }
        Ok(_) => {}
    }
    let Some(bogus) = &probe.bogus else { return Validation::Proven };
    match resolver.query_at(server, bogus, Kind::A).await {
        Ok(_) => Validation::Refuted {
            words: format!(
                "the resolver {server} answered for `{bogus}`, whose signatures do not hold; switch on DNSSEC validation \
                 there"
            ),
        },
        Err(error) if error.cause == Cause::Timeout => Validation::Unknown(failure(&error, bogus, "A")),
        Err(_) => Validation::Proven,
    }
}
