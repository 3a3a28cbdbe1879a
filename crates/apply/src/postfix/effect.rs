//! Whether a change took effect: `postconf` and `postmap` are asked again.

use std::path::Path;

use super::activate::StepError;
use super::{Change, Detected, Instance, Table, listing, native};

/// Compares each changed setting with what Postfix now says of it.
pub(super) fn check(instance: &Instance, changes: &[Change]) -> Result<(), StepError> {
    if changes.is_empty() {
        return Ok(());
    }
    let given = listing::parse(&instance.postconf(&["-n"])?);
    for change in changes {
        if !change.is_made(&given) {
            let found = given.get(&change.name);
            return Err(StepError::NotInEffect {
                name: change.name.clone(),
                found: found.cloned().unwrap_or_default(),
                wanted: change.new.clone().unwrap_or_default(),
            });
        }
    }
    Ok(())
}

/// Asks for a few domains through the name that main.cf has for the table.
pub(super) fn answers(instance: &Instance, reference: &str, table: &Table) -> Result<(), StepError> {
    let not_answering = |reason| StepError::NotAnswering { reference: reference.to_owned(), reason };
    native::compare(instance, reference, &table.samples).map_err(not_answering)
}

/// Looks whether nothing in the configuration leads into the output directory any more.
pub(super) fn gone(instance: &Instance, output: &Path) -> Result<(), StepError> {
    let uses = Detected::ask(instance)?.uses_of(output);
    if uses.is_empty() { Ok(()) } else { Err(StepError::StillUsed(uses)) }
}
