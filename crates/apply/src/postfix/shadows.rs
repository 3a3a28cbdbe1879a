//! Earlier tables that answer for domains of ours, so that our lines for them are not used.
//!
//! Postfix asks each table in turn for the domain itself, and only then any table for what is above it: `operator_tables`.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`; postmap(1) `-q -`.

use std::collections::HashSet;
use std::path::Path;

use starttls_mta::Code;
use starttls_policy::{Finding, with_causes};

use super::composition::local;
use super::native::keys_file;
use super::{Instance, codes, table};

/// Domains named in a finding.
const EXAMPLES: usize = 5;
/// Keys of one run of `postmap`, so that its answers fit into the limit of a run even if it answers for all of them.
const KEYS_AT_ONCE: usize = 20_000;

/// Asks each of the earlier tables for every key of ours.
///
/// Where they answer for all keys together, that is one finding with the code `all`.
pub(super) fn check(instance: &Instance, earlier: &[String], table: &Path, all: Code) -> Vec<Finding> {
    if earlier.is_empty() {
        return Vec::new();
    }
    let keys = match keys_of(table) {
        Ok(keys) => keys,
        Err(error) => {
            return vec![unknown("smtp_tls_policy_maps", &format!("the keys could not be listed: {error}"))];
        }
    };
    let (mut findings, mut hidden, mut hiding) = (Vec::new(), HashSet::new(), Vec::new());
    for table in earlier {
        match answered(instance, table, &keys) {
            Ok(domains) => {
                findings.extend(shadowed(table, &domains));
                let count = hidden.len();
                hidden.extend(domains);
                if hidden.len() > count {
                    hiding.push(table.as_str());
                }
            }
            Err(reason) => findings.push(unknown(table, &reason)),
        }
    }
    if !keys.is_empty() && keys.iter().all(|key| hidden.contains(key)) {
        findings.retain(|finding| finding.code != codes::SHADOWED.name);
        findings.push(hides_all(&hiding.join(", "), all));
    }
    findings
}

/// The keys for which a table answers.
fn answered(instance: &Instance, table: &str, keys: &[String]) -> Result<Vec<String>, String> {
    let table = local(table)?;
    let mut found = Vec::new();
    for some in keys.chunks(KEYS_AT_ONCE) {
        let some = keys_file(some.iter().map(String::as_str)).map_err(|error| error.to_string())?;
        let answers = instance.look_up(some, &table).map_err(|error| with_causes(&error))?;
        found.extend(answers.lines().filter_map(|line| Some(line.split_once('\t')?.0.to_owned())));
    }
    Ok(found)
}

const CURE: &str = "remove these domains from that table if the list is to decide about them";

fn hides_all(tables: &str, code: Code) -> Finding {
    let message = format!(
        "`{tables}` in `smtp_tls_policy_maps` stands before our table and answers for every listed domain, so that our table \
         has no effect"
    );
    let cure = "put our table first in `smtp_tls_policy_maps`, or remove the listed domains from what stands before it";
    code.finding(tables, message).with_cure(cure)
}

fn shadowed(earlier: &str, domains: &[String]) -> Option<Finding> {
    if domains.is_empty() {
        return None;
    }
    let count = domains.len();
    let examples: Vec<&str> = domains.iter().take(EXAMPLES).map(String::as_str).collect();
    let more = if count > EXAMPLES { ", …" } else { "" };
    let message = format!(
        "`{earlier}` is asked first and answers for {count} of the listed domains: {}{more}",
        examples.join(", ")
    );
    Some(codes::SHADOWED.finding(earlier, message).with_cure(CURE))
}

fn unknown(earlier: &str, reason: &str) -> Finding {
    let message = format!(
        "`{earlier}` is asked first; whether it answers for listed domains is not known: {reason}; its entries for all \
         domains below one (`.example.org`) lose against our lines, whatever they demand"
    );
    let cure = "add an override for each listed domain about which such an entry is to decide";
    codes::UNKNOWN_TABLE.finding(earlier, message).with_cure(cure)
}

/// The keys of our table.
fn keys_of(path: &Path) -> Result<Vec<String>, String> {
    let mut keys = Vec::new();
    let read = table::for_each_line(path, |line| {
        keys.push(line.split(' ').next().unwrap_or(line).to_owned());
        Ok(())
    });
    read.map(|()| keys).map_err(|error| with_causes(&error))
}
