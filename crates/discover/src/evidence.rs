//! Answers as evidence for the decision.
//!
//! Spec: RFC 7672 §2.1.2 and §2.2.

use starttls_policy::decide::evidence::{DaneEvidence, DaneHosts, StsEvidence, StsPolicy, Tlsa};
use starttls_policy::{MxHost, Timestamp};
use starttls_proto::mta_sts::PolicyFile;

use crate::answer::{MxLookup, MxState, PolicyFailure, RecordLookup, RecordState, TlsaLookup};

/// DANE evidence from the MX look-up and the TLSA look-ups of its hosts, asked at `seen`.
///
/// One host that is inconclusive stays one host among others, and so does each that was not looked at. A domain that gets no mail has no hosts.
pub fn evidence(mx: &MxLookup, hosts: &[(MxHost, TlsaLookup)], seen: Timestamp) -> DaneEvidence {
    let (mx, hosts, beyond) = match &mx.state {
        MxState::Inconclusive(failure) => return DaneEvidence::MxInconclusive { cause: failure.cause },
        MxState::Nowhere { security } | MxState::NoUsableName { security } => (*security, &[][..], 0),
        MxState::Hosts { security, beyond, .. } => (*security, hosts, *beyond),
        MxState::Implicit { security } => (*security, hosts, 0),
    };
    let beyond = std::iter::repeat_n(Tlsa::Inconclusive, beyond);
    let hosts = hosts.iter().map(|(_, tlsa)| tlsa.state).chain(beyond).collect();
    DaneEvidence::Found(DaneHosts { mx, hosts, seen })
}

/// MTA-STS evidence from the record and, where it announces a policy, what its fetch brought; asked at `seen`.
///
/// Nothing is known of earlier policies here; whoever kept one puts it in place of `cached`.
pub fn sts_evidence(
    record: &RecordLookup,
    policy: Option<&Result<PolicyFile, PolicyFailure>>,
    seen: Timestamp,
) -> StsEvidence {
    match (&record.state, policy) {
        (RecordState::Absent, _) => StsEvidence::Absent { seen },
        (RecordState::Inconclusive(failure), _) => {
            StsEvidence::Inconclusive { cause: failure.cause, cached: None }
        }
        (RecordState::Id(_), None) => StsEvidence::NotAsked,
        (RecordState::Id(_), Some(Err(error))) => {
            StsEvidence::Inconclusive { cause: error.failure.cause, cached: None }
        }
        (RecordState::Id(id), Some(Ok(file))) => StsEvidence::Found(StsPolicy {
            mode: file.mode,
            mx: file.mx.clone(),
            id: id.clone(),
            fetched: seen,
            max_age: file.max_age,
        }),
    }
}
