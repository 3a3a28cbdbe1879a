//! Sources of the policy in force that the settings no longer name: their entries leave, and that is said.

use std::path::Path;

use starttls_apply::validity::{PartKind, Validity};
use starttls_policy::Finding;
use starttls_sources::Absence;

use super::findings;
use super::force::Force;

/// What becomes of entries of sources that the settings no longer name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dropped {
    /// They may leave.
    MayLeave,
    /// A source may be the same under another name, and nothing was accepted from it yet: what is in force stays.
    TooEarly,
}

/// Looks whether entries would leave since their source is no longer named.
pub(super) fn check(force: &Force<'_>, output: &Path, found: &mut Vec<Finding>) -> Dropped {
    let validity = Validity::read(output).ok().flatten();
    let parts = validity.iter().flat_map(|validity| &validity.parts);
    // The name of a part may have its kind of trust behind it: `eff (unsigned)`.
    let names = parts.filter(|part| part.kind == PartKind::List);
    let names = names.map(|part| part.name.split(" (").next().unwrap_or(&part.name));
    let is_named = |name: &str| force.settings.lists.iter().any(|list| list.name.as_str() == name);
    let gone: Vec<&str> = names.filter(|name| !is_named(name)).collect();
    let waits = force.sources.iter().find(|source| matches!(source.absence, Some(Absence::Never { .. })));
    let mut dropped = Dropped::MayLeave;
    for name in gone {
        match waits.filter(|_| is_kept(force, name)) {
            Some(waits) => {
                dropped = Dropped::TooEarly;
                found.push(too_early(name, &waits.name));
            }
            None => found.push(findings::SOURCE_DROPPED.finding(
                name,
                format!("the settings no longer name the list `{name}`: its entries leave the policy"),
            )),
        }
    }
    dropped
}

fn too_early(name: &str, waits: &str) -> Finding {
    let message = format!(
        "the settings no longer name the list `{name}`, and nothing was accepted from `{waits}` yet, which may be the same list \
         under another name: what is in force stays, and no other list is brought up to date"
    );
    let cure = format!(
        "see why `{waits}` is not accepted, or name `{name}` again; to have its entries leave now, run \
         `starttls update --forget-source {name}`"
    );
    findings::SOURCE_RENAMED.finding(name, message).with_cure(cure)
}

/// Whether the state directory still keeps what was accepted from a source: the operator did not have it forgotten.
fn is_kept(force: &Force<'_>, name: &str) -> bool {
    force.lock.state().path().join("sources").join(name).join("state.json").exists()
}
