//! Entries of the operator's own tables that a policy daemon hides.
//!
//! A daemon answers for a domain before Postfix asks any table for what is above it, and does not see those tables. Which domains
//! it answers for is known only as they are asked for, so the entries themselves are named. Tables in files are
//! `operator_tables`.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`; postmap(1) `-s`.

use starttls_mta::postfix::PolicyMaps;
use starttls_policy::{Finding, with_causes};

use super::composition::local;
use super::reference::POLICY_MAPS;
use super::{Detected, Instance, codes};

/// The names of the daemon's maps; some daemons fold the case.
const MAPS: [&str; 2] = ["QUERY", "QUERYwithTLSRPT"];
/// Entries named in a finding.
const EXAMPLES: usize = 5;

/// Names the entries for all domains below one, in tables beside the socketmap of a policy daemon; nothing where
/// `smtp_tls_policy_maps` has no such socketmap.
pub fn entries_hidden_by_daemon(instance: &Instance, server: &Detected) -> Vec<Finding> {
    let value = server.setting(POLICY_MAPS);
    let (daemons, others): (Vec<&str>, Vec<&str>) =
        PolicyMaps(value).tables().partition(|table| is_daemon(table));
    let Some(daemon) = daemons.first() else { return Vec::new() };
    others.into_iter().filter_map(|table| look_through(instance, daemon, table)).collect()
}

/// Whether a table is a socketmap with a map of ours: `socketmap:inet:HOST:PORT:QUERY`.
fn is_daemon(table: &str) -> bool {
    let map = table.strip_prefix("socketmap:").and_then(|rest| rest.rsplit(':').next());
    map.is_some_and(|map| MAPS.iter().any(|known| known.eq_ignore_ascii_case(map)))
}

fn look_through(instance: &Instance, daemon: &str, table: &str) -> Option<Finding> {
    let listed = local(table).and_then(|asked| instance.entries(&asked).map_err(|error| with_causes(&error)));
    let text = match listed {
        Ok(text) => text,
        Err(reason) => {
            let message = format!(
                "whether `{table}` has entries for all domains below one, which `{daemon}` would hide, is not known: {reason}"
            );
            return Some(codes::UNKNOWN_TABLE.finding(table, message).with_cure(CURE));
        }
    };
    let hidden: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter(|(key, entry)| key.starts_with('.') && demands_something(entry))
        .map(|(key, _)| key)
        .collect();
    if hidden.is_empty() {
        return None;
    }
    let more = if hidden.len() > EXAMPLES { ", …" } else { "" };
    let shown: Vec<&str> = hidden.iter().copied().take(EXAMPLES).collect();
    let message = format!(
        "`{table}` has entries for all domains below {}{more}: for a domain there with a policy of its own, what `{daemon}` \
         answers counts instead, even if it demands less",
        shown.join(", ")
    );
    Some(codes::ENTRY_HIDDEN.finding(table, message).with_cure(CURE))
}

const CURE: &str = "for each domain that must keep its entry, put the domain itself into a table before the socketmap, or run \
                    `starttls override add DOMAIN require --mx PATTERN --until DATE --reason TEXT`";

/// No answer demands less than these levels.
fn demands_something(entry: &str) -> bool {
    let level = entry.split([' ', '\t', ',']).find(|word| !word.is_empty()).unwrap_or_default();
    !["none", "may"].iter().any(|weak| weak.eq_ignore_ascii_case(level))
}
