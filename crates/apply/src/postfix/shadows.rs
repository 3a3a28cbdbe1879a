//! Earlier tables that answer for domains of ours, so that our lines for them are not used.
//!
//! Postfix asks each table in turn for the domain itself, and only then any table for what is above it: `operator_tables`.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`; postmap(1) `-q -`.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write as _};
use std::path::Path;

use starttls_policy::{Finding, with_causes};

use super::composition::local;
use super::{Instance, codes, table};
use crate::commands::CommandError;

/// Domains named in a finding.
const EXAMPLES: usize = 5;

/// Asks each of the earlier tables for every key of ours.
pub(super) fn check(instance: &Instance, earlier: &[String], table: &Path) -> Vec<Finding> {
    if earlier.is_empty() {
        return Vec::new();
    }
    match keys_of(table) {
        Ok(mut keys) => earlier.iter().filter_map(|earlier| ask(instance, earlier, &mut keys)).collect(),
        Err(error) => {
            vec![unknown("smtp_tls_policy_maps", &format!("the keys could not be listed: {error}"))]
        }
    }
}

fn ask(instance: &Instance, earlier: &str, keys: &mut File) -> Option<Finding> {
    let table = match local(earlier) {
        Ok(table) => table,
        Err(reason) => return Some(unknown(earlier, &reason)),
    };
    let keys = keys.rewind().and_then(|()| keys.try_clone()).map_err(|error| error.to_string());
    let answered = match keys {
        Ok(keys) => instance.look_up(keys, &table),
        Err(error) => return Some(unknown(earlier, &error)),
    };
    match answered {
        Ok(answers) => shadowed(earlier, &answers),
        Err(CommandError::TooMuchOutput { .. }) => {
            let message = format!("`{earlier}` is asked first and answers for most of the listed domains");
            Some(codes::SHADOWED.finding(earlier, message).with_cure(CURE))
        }
        Err(error) => Some(unknown(earlier, &with_causes(&error))),
    }
}

const CURE: &str = "remove these domains from that table if the list is to decide about them";

fn shadowed(earlier: &str, answers: &str) -> Option<Finding> {
    let domains = || answers.lines().filter_map(|line| Some(line.split_once('\t')?.0));
    let count = domains().count();
    if count == 0 {
        return None;
    }
    let examples: Vec<&str> = domains().take(EXAMPLES).collect();
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

/// The keys of our table, one a line, in a file without a name.
fn keys_of(path: &Path) -> Result<File, String> {
    let mut file = BufWriter::new(tempfile::tempfile().map_err(|error| error.to_string())?);
    let mut failed: Option<io::Error> = None;
    table::for_each_line(path, |line| {
        let key = line.split(' ').next().unwrap_or(line);
        failed = failed.take().or(writeln!(file, "{key}").err());
        Ok(())
    })
    .map_err(|error| with_causes(&error))?;
    match failed {
        Some(error) => Err(error.to_string()),
        None => file.into_inner().map_err(|error| error.to_string()),
    }
}
