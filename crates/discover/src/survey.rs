//! Everything about one domain at once, for whoever wants to know now.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use starttls_policy::decide::evidence::{DaneEvidence, StsEvidence};
use starttls_policy::{Domain, Finding, MxHost, Timestamp};
use starttls_proto::mta_sts::PolicyFile;

use crate::answer::{MxLookup, MxState, PolicyFailure, RecordLookup, RecordState, TlsaLookup, Validation};
use crate::discovering::Discovering;
use crate::evidence::{evidence, sts_evidence};
use crate::findings::findings;
use crate::suitable::suitable;

/// How many MX hosts of a domain are asked about at once.
const HOSTS_AT_ONCE: usize = 8;

/// What a domain publishes at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// Where its mail goes.
    pub mx: MxLookup,
    /// The TLSA records of each MX host, in their order.
    pub hosts: Vec<(MxHost, TlsaLookup)>,
    /// What that comes to; not asked where the resolver does not validate.
    pub dane: DaneEvidence,
    /// Its MTA-STS record.
    pub record: RecordLookup,
    /// Its MTA-STS policy, where the record announces one.
    pub policy: Option<Result<PolicyFile, PolicyFailure>>,
    /// What these two come to.
    pub sts: StsEvidence,
    /// Whether the resolver validates.
    pub validation: Validation,
    /// What is worth a person's attention.
    pub findings: Vec<Finding>,
}

/// Asks everything about one domain; `port` is where its MX hosts listen.
pub async fn survey<D: Discovering>(discovering: &D, domain: &Domain, port: u16, now: Timestamp) -> Survey {
    let dane = async {
        let mx = discovering.mx(domain).await;
        let hosts = all_hosts(discovering, domain, &mx, port).await;
        (mx, hosts)
    };
    let sts = async {
        let record = discovering.sts_record(domain).await;
        let policy = match record.state {
            RecordState::Id(_) => Some(discovering.sts_policy(domain).await),
            RecordState::Absent | RecordState::Inconclusive(_) => None,
        };
        (record, policy)
    };
    let ((mx, hosts), (record, policy), validation) = tokio::join!(dane, sts, discovering.validation());
    let dane = match validation {
        Validation::Refuted { .. } => DaneEvidence::NotAsked,
        Validation::Proven | Validation::Unknown(_) => evidence(&mx, &hosts, now),
    };
    let fetched = policy.as_ref().and_then(|policy| policy.as_ref().ok());
    let findings = findings(domain, Some(&mx), fetched);
    let policy = policy.map(|policy| policy.and_then(|file| suitable(domain, file, &mx)));
    let sts = sts_evidence(&record, policy.as_ref(), now);
    Survey { mx, hosts, dane, record, policy, sts, validation, findings }
}

async fn all_hosts<D: Discovering>(
    discovering: &D,
    domain: &Domain,
    mx: &MxLookup,
    port: u16,
) -> Vec<(MxHost, TlsaLookup)> {
    let hosts = match &mx.state {
        MxState::Hosts { hosts, .. } => hosts.clone(),
        // RFC 5321 §5.1. What is a domain is a host name, too.
        MxState::Implicit { .. } => MxHost::parse(domain.as_str()).into_iter().collect(),
        MxState::Nowhere { .. } | MxState::NoUsableName { .. } | MxState::Inconclusive(_) => Vec::new(),
    };
    let ask = |host: MxHost| async move {
        let tlsa = discovering.tlsa(&host, port).await;
        (host, tlsa)
    };
    all(hosts.into_iter().map(ask)).await
}

/// Waits for all futures, a few at once; their answers come in their order.
async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.map(|future| Slot::Waiting(Box::pin(future))).collect();
    std::future::poll_fn(|context| {
        let mut pending = 0;
        for slot in &mut waiting {
            if pending == HOSTS_AT_ONCE {
                break;
            }
            if let Slot::Waiting(future) = slot {
                match future.as_mut().poll(context) {
                    Poll::Ready(answer) => *slot = Slot::Done(answer),
                    Poll::Pending => pending += 1,
                }
            }
        }
        if pending == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let done = |slot| if let Slot::Done(answer) = slot { Some(answer) } else { None };
    waiting.into_iter().filter_map(done).collect()
}

enum Slot<F: Future> {
    Waiting(Pin<Box<F>>),
    Done(F::Output),
}
