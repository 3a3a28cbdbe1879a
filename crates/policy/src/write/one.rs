//! Version 1 in its canonical form: the bytes that are signed.
//!
//! Members stand in a fixed order, what equals the default is left out, and nothing can be written in two ways.
//!
//! Spec: docs/list-format.md, "Canonical form".

use core::fmt;

use super::json::{Document, Object};
use super::{WriteError, check};
use crate::list::{Dialect, Entry, Extensions, List, Notes, Terms};
use crate::mode::Requirement;
use crate::pin::{Pin, Pinset};
use crate::policy::Policy;

/// As [`super::one`].
pub(super) fn write(list: &List, out: &mut dyn fmt::Write) -> Result<(), WriteError> {
    let head = check::head(list, Dialect::One)?;
    check_pinsets(list)?;
    check::entries(list)?;
    let mut document = Document::new(out);
    document.text("version", "1")?;
    document.text("author", head.author)?;
    document.plain("serial", format_args!("{}", list.head.serial))?;
    document.plain("timestamp", format_args!("\"{}\"", head.timestamp))?;
    document.plain("expires", format_args!("\"{}\"", head.expires))?;
    if !list.pinsets.is_empty() {
        document.section("pinsets", list.pinsets.values(), |pinset, line| {
            let noted = list.pinset_extensions.get(&pinset.name);
            write_pinset(pinset, noted, line.named(pinset.name.as_str())?)
        })?;
    }
    if !list.aliases.is_empty() {
        document.section("providers", list.aliases.iter(), |alias, line| {
            let mut object = line.named(alias.name.as_str())?;
            write_policy(&alias.policy, &mut object)?;
            write_notes(&alias.notes, &mut object)?;
            object.end()
        })?;
    }
    document.section("policies", list.entries.iter(), |entry, line| {
        write_entry(list, entry, line.named(entry.domain.as_str())?)
    })?;
    for (name, value) in &list.head.extensions {
        document.value(name, value)?;
    }
    Ok(document.end()?)
}

fn check_pinsets(list: &List) -> Result<(), WriteError> {
    match list.pinsets.values().find(|pinset| pinset.pins.len() < 2) {
        Some(lone) => Err(WriteError::NoBackupPin { pinset: lone.name.clone(), pins: lone.pins.len() }),
        None => Ok(()),
    }
}

fn write_pinset(pinset: &Pinset, noted: Option<&Extensions>, mut object: Object<'_>) -> fmt::Result {
    let is_key = |pin: &&Pin| matches!(pin, Pin::Key(_));
    object.word("kind", pinset.kind.name())?;
    object.words("spki", pinset.pins.iter().filter(is_key))?;
    object.words("static_spki_hashes", pinset.pins.iter().filter(|pin| !is_key(pin)))?;
    object.words("bad_static_spki_hashes", pinset.bad.iter())?;
    write_extensions(noted.into_iter().flatten(), &mut object)?;
    object.end()
}

fn write_entry(list: &List, entry: &Entry, mut object: Object<'_>) -> fmt::Result {
    match (&entry.terms, list.listed(entry).and_then(|listed| listed.alias)) {
        (Terms::Own(policy), _) => write_policy(policy, &mut object)?,
        (Terms::Alias(_), Some(alias)) => object.word("provider", alias.as_str())?,
        (Terms::Alias(_), None) => return Err(fmt::Error),
    }
    if let Some(notes) = &entry.notes {
        write_notes(notes, &mut object)?;
    }
    object.end()
}

fn write_policy(policy: &Policy, object: &mut Object<'_>) -> fmt::Result {
    object.word("mode", policy.mode.name())?;
    object.patterns("mx", &policy.mx)?;
    if policy.requirement != Requirement::Certificate {
        object.word("require", policy.requirement.name())?;
    }
    if let Some(version) = policy.min_tls {
        object.word("min-tls-version", version.name())?;
    }
    if let Some(pinset) = &policy.pinset {
        object.word("pinset", pinset.name.as_str())?;
    }
    object.texts("report-to", policy.report_to.iter().map(crate::ReportTo::as_str))
}

fn write_notes(notes: &Notes, object: &mut Object<'_>) -> fmt::Result {
    if let Some(since) = notes.since {
        object.word("since", since)?;
    }
    object.texts("evidence", notes.evidence.iter().map(alloc::string::String::as_str))?;
    write_extensions(&notes.extensions, object)
}

fn write_extensions<'a>(
    extensions: impl IntoIterator<Item = (&'a smol_str::SmolStr, &'a serde_json::Value)>,
    object: &mut Object<'_>,
) -> fmt::Result {
    extensions.into_iter().try_for_each(|(name, value)| object.value(name, value))
}
