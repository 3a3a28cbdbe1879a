//! Whether a line of ours demands at least as much as an entry of the operator's own tables, whose place it takes.
//!
//! Postfix asks all tables for the exact domain before it asks any for a parent (`.example.org`), and stops at the first answer:
//! a line of ours for `mx.example.org` hides the operator's entry for everything below `.example.org`, wherever that stands.
//!
//! | the operator's entry | a line is as strict at | not comparable with |
//! |---|---|---|
//! | `none` | any level | |
//! | `may` | any mandatory level; `may` and `dane` if the entry has no attribute | |
//! | `encrypt` | any mandatory level | |
//! | `dane` | `dane`, `dane-only` | `fingerprint`, `verify`, `secure` |
//! | `dane-only` | `dane-only` | `fingerprint`, `verify`, `secure` |
//! | `verify`, `secure` | the same levels, if each name is one that the entry admits | `dane-only`, `fingerprint`, `tafile=` |
//! | `fingerprint`, any other | | all that authenticate |
//!
//! Beside the level, the line's oldest TLS version and the cipher grade must not be lower than the entry's. What main.cf gives counts
//! where line or entry say nothing; a line that falls short of these but authenticates where the entry does not is not comparable.
//! An entry that cannot be read is not comparable.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps`, `smtp_tls_verify_cert_match`, `smtp_tls_secure_cert_match`.

mod entry;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use starttls_policy::Reach;

use super::level::Level;
use super::line::Answer;
use super::pattern::Pattern;
use super::protocols::lowest_admitted;
use super::settings::Settings;
use entry::Entry;

/// How a line of ours compares with an entry of the operator's.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Comparison {
    /// It demands all that the entry demands.
    AsStrict,
    /// It demands less.
    Weaker,
    /// Each may demand something that the other does not.
    Incomparable,
}

/// Compares the line `ours` for `domain` with the text of an entry, on a server with these settings.
pub(super) fn compare(ours: &Answer<'_>, domain: &str, entry: &str, settings: Settings<'_>) -> Comparison {
    let Some(entry) = Entry::parse(entry) else { return Comparison::Incomparable };
    // Services that differ share the tables.
    let each = settings.each().map(|settings| compare_entry(ours, domain, &entry, &settings));
    each.max().unwrap_or(Comparison::Incomparable)
}

fn compare_entry(ours: &Answer<'_>, domain: &str, entry: &Entry<'_>, settings: &Settings<'_>) -> Comparison {
    let levels = compare_levels(ours, entry);
    match entry.level {
        _ if levels != Comparison::AsStrict => levels,
        Level::None => levels,
        // Even a session with none of the entry's attributes beats cleartext.
        Level::May if ours.level.is_mandatory() || entry.is_bare() => levels,
        Level::May => Comparison::Incomparable,
        _ => {
            let rest = match compare_rest(ours, entry, settings) {
                // It lacks a version or a cipher, and adds authentication: neither may stand for the other.
                Comparison::Weaker if authenticates_more(ours.level, entry.level) => Comparison::Incomparable,
                rest => rest,
            };
            compare_names(ours, domain, entry, settings).max(rest)
        }
    }
}

/// Tells whether a level authenticates servers that the entry's level lets pass without authentication.
const fn authenticates_more(ours: Level, entry: Level) -> bool {
    let always = matches!(ours, Level::DaneOnly | Level::Fingerprint | Level::Verify | Level::Secure);
    always && matches!(entry, Level::None | Level::May | Level::Encrypt | Level::Dane)
}

fn compare_levels(ours: &Answer<'_>, entry: &Entry<'_>) -> Comparison {
    use Level::{Dane, DaneOnly, Encrypt, Fingerprint, May, None, Secure, Verify};
    match (entry.level, ours.level) {
        (None | May, _)
        | (Encrypt, Encrypt | Fingerprint | DaneOnly | Verify | Secure)
        | (Dane, Dane | DaneOnly)
        | (DaneOnly, DaneOnly)
        | (Verify | Secure, Verify | Secure) => Comparison::AsStrict,
        (Dane | DaneOnly, Fingerprint | Verify | Secure)
        | (Fingerprint, Fingerprint | DaneOnly | Verify | Secure)
        | (Verify | Secure, Fingerprint | DaneOnly) => Comparison::Incomparable,
        (Encrypt | Dane | DaneOnly | Fingerprint | Verify | Secure, _) => Comparison::Weaker,
    }
}

/// Every name that our line admits must be one that the entry admits.
fn compare_names(ours: &Answer<'_>, domain: &str, entry: &Entry<'_>, settings: &Settings<'_>) -> Comparison {
    let (parameter, default) = match entry.level {
        Level::Verify => ("smtp_tls_verify_cert_match", "hostname"),
        Level::Secure => ("smtp_tls_secure_cert_match", "nexthop, dot-nexthop"),
        _ => return Comparison::AsStrict,
    };
    // Either file may hold authorities that the other does not.
    if entry.has_anchors || ours.anchors.is_some() {
        return Comparison::Incomparable;
    }
    let from_main_cf = settings.value(parameter).unwrap_or(default);
    let admitted: Vec<&str> =
        if entry.names.is_empty() { entry::names(from_main_cf).collect() } else { entry.names.clone() };
    let admits = |name: &Pattern<'_>| admitted.iter().any(|admitted| covers(admitted, name, domain));
    let is_covered = match ours.level {
        // Whatever host the DNS names.
        Level::Verify => admitted.iter().any(|name| name.eq_ignore_ascii_case("hostname")),
        _ => !ours.names.is_empty() && ours.names.iter().all(admits),
    };
    if is_covered { Comparison::AsStrict } else { Comparison::Incomparable }
}

/// Tells whether a value of the operator's `match=` admits every certificate that `name` admits.
fn covers(admitted: &str, name: &Pattern<'_>, domain: &str) -> bool {
    let admitted = admitted.to_ascii_lowercase();
    let is_below = |parent: &str| {
        let above = name.name.strip_suffix(parent);
        above.is_some_and(|above| above.ends_with('.') || (above.is_empty() && name.reach != Reach::Exact))
    };
    match admitted.as_str() {
        // The DNS chooses among all names there are.
        "hostname" => true,
        "nexthop" => name.reach == Reach::Exact && name.name == domain,
        "dot-nexthop" => is_below(domain),
        other => match other.strip_prefix('.') {
            Some(parent) => is_below(parent),
            None => name.reach == Reach::Exact && name.name == other,
        },
    }
}

/// TLS version, ciphers, and attributes that we do not know.
fn compare_rest(ours: &Answer<'_>, entry: &Entry<'_>, settings: &Settings<'_>) -> Comparison {
    if entry.has_others || entry.has_exclusions {
        return Comparison::Incomparable;
    }
    compare_versions(ours, entry, settings).max(compare_ciphers(entry, settings))
}

fn compare_versions(ours: &Answer<'_>, entry: &Entry<'_>, settings: &Settings<'_>) -> Comparison {
    let from_main_cf = settings.lowest_mandatory_version();
    let own = ours.lowest.map(|(_, version)| version);
    let theirs = match entry.protocols {
        // Both are left to main.cf.
        None if own.is_none() => return Comparison::AsStrict,
        None => from_main_cf,
        Some(value) => lowest_admitted(value),
    };
    match (own.or(from_main_cf), theirs) {
        (Some(own), Some(theirs)) if own >= theirs => Comparison::AsStrict,
        (Some(_), Some(_)) => Comparison::Weaker,
        _ => Comparison::Incomparable,
    }
}

/// Our lines leave ciphers to main.cf.
fn compare_ciphers(entry: &Entry<'_>, settings: &Settings<'_>) -> Comparison {
    let Some(grade) = entry.ciphers else { return Comparison::AsStrict };
    let from_main_cf = settings.value("smtp_tls_mandatory_ciphers").unwrap_or("medium");
    match (cipher_grade(from_main_cf), cipher_grade(grade)) {
        (Some(own), Some(theirs)) if own >= theirs => Comparison::AsStrict,
        (Some(_), Some(_)) => Comparison::Weaker,
        _ => Comparison::Incomparable,
    }
}

/// The place of a cipher grade among those that encrypt.
fn cipher_grade(name: &str) -> Option<usize> {
    ["export", "low", "medium", "high"].iter().position(|grade| grade.eq_ignore_ascii_case(name.trim()))
}
