//! Whether a policy of which `mx` lines were left out still suits the domain.
//!
//! A policy that is whole is taken as it is: that it covers no MX host is what it protects from. Of one with lines left out
//! nobody knows whether the lines would have covered the hosts, and enforcing the rest would hold up all mail.
//!
//! Spec: RFC 8461 §3.2 and §4.1; §3.3 and §5 for the policy fetched before, which goes on to hold.

use starttls_policy::decide::evidence::Cause;
use starttls_policy::{Domain, Mode, MxHost, with_causes};
use starttls_proto::mta_sts::{LeftOut, PolicyFile};

use crate::answer::{Failure, MxLookup, MxState, PolicyFailure};

/// The policy, if it is whole or covers a current MX host.
///
/// # Errors
/// [`PolicyFailure`] with `sts-policy-invalid` if lines were left out and the others cover no MX host, or the MX hosts cannot be
/// told.
pub fn suitable(domain: &Domain, file: PolicyFile, mx: &MxLookup) -> Result<PolicyFile, PolicyFailure> {
    if file.left_out.count() == 0 || file.mode == Mode::None {
        return Ok(file);
    }
    let covers = |host: &MxHost| file.mx.iter().any(|pattern| pattern.covers(host));
    let is_covered = match &mx.state {
        MxState::Hosts { hosts, .. } => hosts.iter().any(covers),
        MxState::Implicit { .. } => MxHost::parse(domain.as_str()).is_ok_and(|host| covers(&host)),
        // No mail goes there, so none is held up.
        MxState::Nowhere { .. } | MxState::NoUsableName { .. } => true,
        MxState::Inconclusive(failure) => {
            let words =
                format!("{}, and its MX hosts cannot be told: {}", words(&file.left_out), failure.words);
            return Err(invalid(domain, failure.cause, &words));
        }
    };
    if is_covered {
        return Ok(file);
    }
    let words = format!("{}, and the others cover none of its MX hosts", words(&file.left_out));
    Err(invalid(domain, Cause::Failure, &words))
}

fn invalid(domain: &Domain, cause: Cause, words: &str) -> PolicyFailure {
    let words = format!("the policy of `{domain}`: {words}");
    PolicyFailure { failure: Failure { cause, words }, result_type: "sts-policy-invalid" }
}

/// The lines that were left out, in words.
pub(crate) fn words(left_out: &LeftOut) -> String {
    let first = left_out.first().map(|line| with_causes(line)).unwrap_or_default();
    match left_out.count() {
        1 => format!("an `mx` line is left out: {first}"),
        count => format!("{count} `mx` lines are left out, the first being {first}"),
    }
}
