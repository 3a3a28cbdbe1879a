//! Findings about what a domain publishes.

use starttls_policy::{Code, Domain, Finding};
use starttls_proto::mta_sts::PolicyFile;

use crate::answer::{MxLookup, MxState};
use crate::suitable::words;

const LINE_UNUSABLE: Code = Code::warning(
    "mta-sts.mx-line-unusable",
    "`mx` lines of the policy are invalid, or valid and unusable (a public suffix, a name that no mail host has): they are left \
     out, and the others hold if they cover a current MX host; else the policy counts as invalid",
);
const TOO_MANY_HOSTS: Code = Code::warning(
    "mx.too-many-hosts",
    "the domain has more MX hosts than are looked at; what the others publish counts as inconclusive, never as absent",
);

/// What may be found, by name.
pub const CODES: &[Code] = &[LINE_UNUSABLE, TOO_MANY_HOSTS];

/// What is worth a person's attention in an MX look-up and a policy.
pub fn findings(domain: &Domain, mx: Option<&MxLookup>, policy: Option<&PolicyFile>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(MxState::Hosts { hosts, beyond, .. }) = mx.map(|mx| &mx.state)
        && *beyond > 0
    {
        let message = format!("{} MX hosts are looked at, and {beyond} more are not", hosts.len());
        findings.push(TOO_MANY_HOSTS.finding(domain.as_str(), message).with_cure("publish fewer MX records"));
    }
    if let Some(file) = policy.filter(|file| file.left_out.count() > 0) {
        let cure = "name MX hosts as the DNS does, or one label below with `*.`";
        findings.push(LINE_UNUSABLE.finding(domain.as_str(), words(&file.left_out)).with_cure(cure));
    }
    findings
}
