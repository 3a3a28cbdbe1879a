//! Tables that are made of others (`unionmap`, `pipemap`, `proxy`), and which of all tables can be asked in bulk.
//!
//! Spec: `DATABASE_README`.

use starttls_mta::postfix::PolicyMaps;

use super::reference::{Reference, unproxied};

/// Kinds of tables that are files on this machine, or stand in main.cf itself: asking them costs and disturbs nobody.
const LOCAL_KINDS: [&str; 12] =
    ["btree", "cdb", "cidr", "dbm", "hash", "inline", "lmdb", "pcre", "regexp", "sdbm", "static", "texthash"];
/// Kinds of tables that are made of others.
const COMPOSING_KINDS: [&str; 2] = ["pipemap", "unionmap"];

/// A table as `postmap` is asked about it.
///
/// # Errors
/// Why it is not asked in bulk.
pub(super) fn local(table: &str) -> Result<String, String> {
    // `proxymap` reads the same file for services that cannot.
    let asked = unproxied(table);
    if let Some((kind, parts)) = composed(asked) {
        let parts: Result<Vec<String>, String> = parts.map(local).collect();
        return Ok(recomposed(kind, &parts?));
    }
    let kind = asked.split(':').next().unwrap_or_default();
    if LOCAL_KINDS.contains(&kind) {
        Ok(asked.to_owned())
    } else {
        Err(format!("a table of kind `{kind}` is not asked in bulk"))
    }
}

/// The tables that a table is made of; itself, where it is made of no others.
pub(super) fn parts(table: &str) -> Vec<String> {
    let table = unproxied(table);
    match composed(table) {
        Some((_, inner)) => inner.flat_map(parts).collect(),
        None => vec![table.to_owned()],
    }
}

/// A table made of others, taken apart: `unionmap:{…}` or `pipemap:{…}`.
fn composed(table: &str) -> Option<(&str, impl Iterator<Item = &str>)> {
    let (kind, rest) = table.split_once(':').filter(|(kind, _)| COMPOSING_KINDS.contains(kind))?;
    let parts = rest.trim().strip_prefix('{')?.strip_suffix('}')?;
    // A part that has braces or blanks of its own stands in braces.
    Some((kind, PolicyMaps(parts).tables().map(|part| bare(part).unwrap_or(part).trim())))
}

fn bare(part: &str) -> Option<&str> {
    part.strip_prefix('{').and_then(|part| part.strip_suffix('}'))
}

fn recomposed(kind: &str, parts: &[String]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|part| if part.contains('{') { format!("{{{part}}}") } else { part.clone() })
        .collect();
    format!("{kind}:{{{}}}", parts.join(", "))
}

/// What the operator says in a table: all of it, save that a `unionmap` may hold our table, too.
pub(super) fn without_ours(table: &str, reference: &Reference) -> Option<String> {
    let Some((kind, parts)) = composed(unproxied(table)) else { return Some(table.to_owned()) };
    let (ours, theirs): (Vec<&str>, Vec<&str>) = parts.partition(|part| reference.is(part));
    match (kind, ours.is_empty(), theirs.is_empty()) {
        (_, true, _) => Some(table.to_owned()),
        ("unionmap", false, false) => {
            let theirs: Vec<String> = theirs.into_iter().map(str::to_owned).collect();
            Some(recomposed(kind, &theirs))
        }
        // What such a table answers is made from our own lines.
        _ => None,
    }
}
