//! What Postfix is told of an MTA-STS policy, from 3.10 on: MX patterns, and what TLS reports quote.
//!
//! ```text
//! policy_type=sts policy_domain=example.org mx_host_pattern=mx1.example.org mx_host_pattern=*.example.net policy_ttl=604800
//! { policy_string = version: STSv1 } { policy_string = mode: enforce } { policy_string = mx: mx1.example.org } …
//! ```
//!
//! The strings are rebuilt from values, in the order of the policy: nothing of what a policy host served goes out as it came.
//! A type never goes out without strings and patterns: Postfix 3.10.0 to 3.10.5 crash where it is to report such an answer.
//! Where the whole policy is not quoted, version and mode are. Reading back is `reported`.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps` (3.10); RFC 8460 §4.4 (`policy-string`).

use alloc::string::String;
use core::fmt::{self, Write as _};

use starttls_policy::decide::evidence::StsPolicy;
use starttls_policy::{Domain, Mode, MxPattern, Reach};

use super::names;

/// The policy cannot be said: it has no pattern, one of any depth, or too many; or there is no room.
#[derive(Debug)]
pub(super) struct Inexpressible;

/// Adds the policy's name, its MX patterns, version and mode; or nothing.
pub(super) fn push_policy(
    domain: &Domain,
    patterns: &[MxPattern],
    mode: Mode,
    text: &mut String,
) -> Result<(), Inexpressible> {
    if patterns.is_empty() || patterns.iter().any(|pattern| pattern.reach() == Reach::AnyDepth) {
        return Err(Inexpressible);
    }
    let start = text.len();
    text.push_str(" policy_type=sts policy_domain=");
    text.push_str(domain.as_str());
    let pushed = names::push_mx_patterns(patterns, (" mx_host_pattern=", ""), text);
    if pushed.is_err() || write_head(mode, text).is_err() {
        text.truncate(start);
        return Err(Inexpressible);
    }
    Ok(())
}

/// Replaces version and mode at the end of `text` by the whole policy, or changes nothing where it would not fit.
///
/// `text` ends as [`push_policy`] has left it, with the mode of `policy`.
pub(super) fn extend_quotation(
    policy: &StsPolicy,
    max_bytes: usize,
    text: &mut String,
) -> Result<(), Inexpressible> {
    let mut head = String::new();
    write_head(policy.mode, &mut head).map_err(|_| Inexpressible)?;
    let start = text.strip_suffix(head.as_str()).ok_or(Inexpressible)?.len();
    text.truncate(start);
    if write_quotation(policy, text).is_err() || text.len() > max_bytes {
        text.truncate(start);
        text.push_str(&head);
        return Err(Inexpressible);
    }
    Ok(())
}

fn write_head(mode: Mode, text: &mut String) -> fmt::Result {
    write!(text, " {{ policy_string = version: STSv1 }} {{ policy_string = mode: {mode} }}")
}

fn write_quotation(policy: &StsPolicy, text: &mut String) -> fmt::Result {
    let seconds = policy.max_age.as_secs();
    write!(text, " policy_ttl={seconds}")?;
    write_head(policy.mode, text)?;
    names::push_mx_patterns(&policy.mx, (" { policy_string = mx: ", " }"), text).map_err(|_| fmt::Error)?;
    write!(text, " {{ policy_string = max_age: {seconds} }}")
}
