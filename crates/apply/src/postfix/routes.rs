//! Whether mail to listed domains comes by our table at all.
//!
//! Spec: postconf(5) `relayhost`, `transport_maps`, `default_transport`; master(5) `-o`.

use std::collections::BTreeMap;

use starttls_policy::Finding;

use super::{Detected, codes};

/// Settings that may give single senders or domains another next hop.
const PARTIAL: [&str; 5] = [
    "transport_maps",
    "sender_dependent_relayhost_maps",
    "sender_dependent_default_transport_maps",
    "smtp_fallback_relay",
    "fallback_relay",
];
/// Settings that bypass the table, or its checks, when master.cf gives them to a delivering service alone.
const BYPASSING: [&str; 6] = [
    "smtp_tls_policy_maps",
    "smtp_tls_CAfile",
    "smtp_tls_CApath",
    "smtp_dns_support_level",
    "smtp_tls_fingerprint_digest",
    "smtp_fallback_relay",
];
/// Settings that choose the route when master.cf gives them to the service that chooses it.
const ROUTING: [&str; 4] =
    ["relayhost", "transport_maps", "default_transport", "sender_dependent_relayhost_maps"];

/// The service that delivers to recipients' own MX hosts: the first part of `default_transport`.
pub(super) fn main_service(server: &Detected) -> &str {
    server.setting("default_transport").split(':').next().unwrap_or_default().trim()
}

/// What leads mail past the table.
pub(super) fn check(server: &Detected) -> Vec<Finding> {
    let mut findings = Vec::new();
    check_relayhost(server, &mut findings);
    for name in PARTIAL.into_iter().filter(|name| !server.setting(name).is_empty()) {
        let message =
            format!("`{name}` may send mail to listed domains elsewhere: TLS is looked up for that next hop");
        findings.push(
            codes::NEXT_HOP.finding(name, message).with_cure("make sure that it names no listed domain"),
        );
    }
    for service in &server.smtp_services {
        let is_main = service.name == main_service(server);
        let code = if is_main { codes::OVERRIDE } else { codes::OVERRIDE_ELSEWHERE };
        findings.extend(service.unreadable.iter().map(|argument| {
            let argument = starttls_policy::printable(argument);
            let message = format!(
                "master.cf gives `{}/unix` the argument `{argument}`, which smtp(8) refuses or takes for something else",
                service.name
            );
            let cure = "write it as `-o name=value`, or `-o { name = value }` if the value has blanks";
            codes::OVERRIDE_UNREADABLE.finding(format!("{}/unix", service.name), message).with_cure(cure)
        }));
        findings.extend(bypasses(&service.overrides, &BYPASSING).map(|(name, value)| {
            let message = format!("master.cf gives `{}/unix` its own `{name} = {value}`", service.name);
            code.finding(name, message)
                .with_cure(format!("remove `-o {name}=…` from that service in master.cf"))
        }));
    }
    findings.extend(bypasses(&server.rewrite_overrides, &ROUTING).map(|(name, value)| {
        let message = format!("master.cf gives `rewrite/unix` its own `{name} = {value}`");
        codes::OVERRIDE.finding(name, message).with_cure(format!("remove `-o {name}=…` from that service"))
    }));
    findings
}

fn check_relayhost(server: &Detected, findings: &mut Vec<Finding>) {
    let cure =
        "protect the way to the relay by `smtp_tls_security_level`, and activate the table on the relay";
    let relayhost = server.setting("relayhost");
    if !relayhost.is_empty() {
        let message = format!("`relayhost = {relayhost}`: lines for recipients' domains are never looked up");
        findings.push(codes::RELAYHOST.finding("relayhost", message).with_cure(cure));
    }
    let transport = server.setting("default_transport");
    let next_hop = transport.split_once(':').map_or("", |(_, next_hop)| next_hop);
    if !next_hop.is_empty() {
        let message = format!("`default_transport = {transport}` sends all mail to one next hop");
        findings.push(codes::RELAYHOST.finding("default_transport", message).with_cure(cure));
    } else if !server.smtp_services.iter().any(|service| service.name == main_service(server)) {
        let message =
            format!("`default_transport = {transport}` names no service of master.cf that runs smtp(8)");
        let cure = "activate where mail leaves by SMTP, or set `default_transport = smtp`";
        findings.push(codes::RELAYHOST.finding("default_transport", message).with_cure(cure));
    }
}

fn bypasses<'a>(
    overrides: &'a BTreeMap<String, String>,
    names: &'a [&'static str],
) -> impl Iterator<Item = (&'static str, &'a String)> {
    names.iter().filter_map(|name| Some((*name, overrides.get(*name)?)))
}
