//! MTA-STS: the record that announces a policy, and the policy.
//!
//! Spec: RFC 8461 §3.1, §3.3; RFC 8460 §4.3.2.2.

use starttls_net::dns::{Data, Kind, Resolver};
use starttls_net::policy_host::PolicyHosts;
use starttls_policy::decide::evidence::Cause;
use starttls_policy::{Domain, with_causes};
use starttls_proto::mta_sts::{PolicyFile, Record};

use super::failure;
use crate::answer::{FAILURE_TTL, Failure, PolicyFailure, RecordLookup, RecordState};

pub(super) async fn look_up(resolver: &Resolver, domain: &Domain) -> RecordLookup {
    let name = format!("_mta-sts.{domain}");
    match resolver.query(&name, Kind::Txt).await {
        Ok(reply) => {
            let texts = reply.records.iter().filter_map(|record| match record {
                Data::Txt(text) => Some(text.as_slice()),
                _ => None,
            });
            // RFC 8461 §3.1: several records, or a faulty one, are as good as none.
            let state = match Record::select(texts) {
                Ok(Some(record)) => RecordState::Id(record.id),
                Ok(None) | Err(_) => RecordState::Absent,
            };
            RecordLookup { state, ttl: reply.ttl }
        }
        Err(error) => {
            RecordLookup { state: RecordState::Inconclusive(failure(&error, &name, "TXT")), ttl: FAILURE_TTL }
        }
    }
}

pub(super) async fn fetch(hosts: &PolicyHosts, domain: &Domain) -> Result<PolicyFile, PolicyFailure> {
    let text = hosts.fetch(domain).await.map_err(|error| PolicyFailure {
        failure: Failure { cause: error.cause(), words: error.to_string() },
        result_type: error.result_type(),
    })?;
    PolicyFile::parse(&text).map_err(|error| PolicyFailure {
        failure: Failure {
            cause: Cause::Failure,
            words: format!("the policy of `{domain}`: {}", with_causes(&error)),
        },
        result_type: "sts-policy-invalid",
    })
}
