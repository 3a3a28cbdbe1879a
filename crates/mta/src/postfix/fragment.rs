//! The settings that go with the table, and the file that shows them as lines of main.cf.
//!
//! Postfix expands what stands in main.cf, so no part of a policy goes there.
//!
//! Spec: postconf(5), each parameter under its name.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::answer::Used;
use super::capabilities::Capabilities;
use super::line::is_path;
use super::policy_maps::{PARAMETER as POLICY_MAPS, PolicyMaps};
use super::settings::Settings;
use super::table_type::TableType;
use super::{FRAGMENT, TABLE};
use crate::{Need, Setting};

/// Debian's bundle of public authorities.
const CA_FILE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Stands on top of the file.
const HEADER: &str = "\
# What main.cf needs for the policy table beside this file, written by starttls.
# Postfix does not read this file: copy the lines into main.cf and reload, or let `starttls generate --activate`
# do so. Lines that begin with `#` are offers.
";

/// Parameters that we set, each with the values that it may get from us; the policy maps have a rule of their own.
const VALUES: [(&str, &str); 5] = [
    ("smtp_dns_support_level", "dnssec"),
    ("smtp_tls_dane_insecure_mx_policy", "dane"),
    ("smtp_tls_fingerprint_digest", "sha256"),
    ("smtp_tls_CAfile", CA_FILE),
    ("tls_required_enable", "no"),
];

/// What must be set for a table in which these things are used, required settings first; `maps` names it.
pub(super) fn settings(
    maps: String,
    used: Used,
    capabilities: &Capabilities,
    now: &Settings<'_>,
) -> Vec<Setting> {
    let reason = if now.are_known() {
        "asks our table after the tables that are there already"
    } else {
        "asks our table; if the parameter names tables already, add ours behind them"
    };
    let mut all = alloc::vec![Setting { name: POLICY_MAPS, value: maps, reason, need: Need::Required }];
    let mut add = |name, need, reason, is_needed| {
        let value = VALUES.iter().find(|known| known.0 == name).map(|known| known.1);
        if let Some(value) = value.filter(|value| is_needed && now.value(name) != Some(value)) {
            all.push(Setting { name, value: value.into(), reason, need });
        }
    };
    let reason =
        "without it Postfix defers mail to domains at a `dane` level; needs a resolver that validates DNSSEC";
    add("smtp_dns_support_level", Need::Required, reason, used.dane);
    let reason = "heeds TLSA records of MX hosts whose MX record is not signed, as RFC 7672 §2.2.1 allows";
    let has_policy = used.dane && capabilities.has_insecure_mx_policy();
    add("smtp_tls_dane_insecure_mx_policy", Need::Required, reason, has_policy);
    let reason = "the table's digests are SHA-256, and older defaults compare MD5";
    add("smtp_tls_fingerprint_digest", Need::Required, reason, used.fingerprints);
    let reason =
        "Postfix trusts no authority unless told, and then defers all mail that needs a valid certificate";
    add("smtp_tls_CAfile", Need::Offered, reason, has_roots(now) != Some(true));
    let reason = "else an author's header `TLS-Required: No` switches the policy off (RFC 8689 §3)";
    add("tls_required_enable", Need::Offered, reason, capabilities.obeys_tls_required_no());
    all
}

/// Tells whether Postfix has authorities to trust; `None` where it could not be asked.
///
/// `tls_append_default_CA` counts only beside a file or path: alone it loads nothing.
pub(super) fn has_roots(now: &Settings<'_>) -> Option<bool> {
    let files = ["smtp_tls_CAfile", "smtp_tls_CApath", "smtp_tls_trust_anchor_file"];
    now.are_known().then_some(files.iter().any(|name| now.is_set(name)))
}

/// The file's text.
pub(super) fn text(settings: &[Setting]) -> String {
    let mut text = String::from(HEADER);
    for setting in settings {
        let mark = if setting.need == Need::Offered { "#" } else { "" };
        text.extend(["\n# ", setting.reason, "\n", mark, setting.name, " = ", &setting.value, "\n"]);
    }
    text
}

/// Reads the file back: our header, comments, and parameters that we know with values that we give.
pub(super) fn check(text: &str) -> Result<(), (usize, String)> {
    let Some(body) = text.strip_prefix(HEADER) else {
        return Err((1, format!("`{FRAGMENT}` does not begin with our header")));
    };
    let first = HEADER.lines().count() + 1;
    for (line, number) in body.split('\n').zip(first..) {
        let is_comment = line.strip_prefix("# ").is_some_and(|comment| !comment.contains(char::is_control));
        let setting = line.strip_prefix('#').unwrap_or(line).split_once(" = ");
        if !(line.is_empty() || is_comment || setting.is_some_and(|(name, value)| is_ours(name, value))) {
            return Err((
                number,
                "want a comment, or a parameter that we set with a value that we give".into(),
            ));
        }
    }
    if text.ends_with('\n') { Ok(()) } else { Err((text.lines().count(), "the last line is cut off".into())) }
}

fn is_ours(name: &str, value: &str) -> bool {
    if name == POLICY_MAPS {
        return !value.contains(|c: char| c.is_control() && c != '\t')
            && PolicyMaps(value).tables().last().is_some_and(is_table);
    }
    VALUES.contains(&(name, value))
}

/// Tells whether this is a reference to a table of ours, `TYPE:DIRECTORY/tls_policy`.
fn is_table(text: &str) -> bool {
    text.split_once(':').is_some_and(|(kind, path)| {
        let directory = path.strip_suffix(TABLE).and_then(|rest| rest.strip_suffix('/'));
        TableType::from_name(kind).is_some() && directory.is_some_and(is_path)
    })
}
