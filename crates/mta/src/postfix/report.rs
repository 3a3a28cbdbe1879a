//! What Postfix is told of an MTA-STS policy, from 3.10 on: MX patterns, and what TLS reports quote.
//!
//! ```text
//! policy_type=sts policy_domain=example.org mx_host_pattern=mx1.example.org mx_host_pattern=*.example.net policy_ttl=604800
//! { policy_string = version: STSv1 } { policy_string = mode: enforce } { policy_string = mx: mx1.example.org } …
//! ```
//!
//! The strings are rebuilt from values, in the order of the policy: nothing of what a policy host served goes out as it came.
//! Reading back is `reported`.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps` (3.10); RFC 8460 §4.4 (`policy-string`).

use alloc::string::String;
use core::fmt::{self, Write as _};

use starttls_policy::decide::evidence::StsPolicy;
use starttls_policy::{Domain, MxPattern, Reach};

use super::names;

/// The patterns cannot be said: one is of any depth, or there are too many.
#[derive(Debug)]
pub(super) struct Inexpressible;

/// Adds the policy's name and its MX patterns, or nothing.
pub(super) fn push_patterns(
    domain: &Domain,
    patterns: &[MxPattern],
    text: &mut String,
) -> Result<(), Inexpressible> {
    if patterns.iter().any(|pattern| pattern.reach() == Reach::AnyDepth) {
        return Err(Inexpressible);
    }
    let start = text.len();
    text.push_str(" policy_type=sts policy_domain=");
    text.push_str(domain.as_str());
    names::push_mx_patterns(patterns, (" mx_host_pattern=", ""), text).map_err(|_| {
        text.truncate(start);
        Inexpressible
    })
}

/// Adds what TLS reports quote, behind the patterns of the same policy; or nothing, where it would not fit.
pub(super) fn push_quotation(
    policy: &StsPolicy,
    max_bytes: usize,
    text: &mut String,
) -> Result<(), Inexpressible> {
    let start = text.len();
    if write_quotation(policy, text).is_err() || text.len() > max_bytes {
        text.truncate(start);
        return Err(Inexpressible);
    }
    Ok(())
}

fn write_quotation(policy: &StsPolicy, text: &mut String) -> fmt::Result {
    let (mode, seconds) = (policy.mode, policy.max_age.as_secs());
    write!(
        text,
        " policy_ttl={seconds} {{ policy_string = version: STSv1 }} {{ policy_string = mode: {mode} }}"
    )?;
    names::push_mx_patterns(&policy.mx, (" { policy_string = mx: ", " }"), text).map_err(|_| fmt::Error)?;
    write!(text, " {{ policy_string = max_age: {seconds} }}")
}
