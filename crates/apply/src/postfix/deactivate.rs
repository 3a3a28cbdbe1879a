//! Deactivation: takes our table out of main.cf, has the mail system forget it, and only then deletes files.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::activate::StepError;
use super::main_cf::{self, Change, MainCf};
use super::native::spelled;
use super::plan::{PlanError, record_for};
use super::record::{Record, RecordError, saved_before};
use super::reference::{POLICY_MAPS, Reference};
use super::{DetectError, Detected, Instance, Running, effect, key_copies};
use crate::commands::CommandError;
use crate::fault;
use crate::generations::Generations;

/// What becomes of the generations.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Leftovers {
    /// They are deleted.
    Delete,
    /// They stay, out of use.
    Keep,
}

/// What a deactivation did.
#[derive(Debug)]
pub struct Deactivated {
    /// Whether main.cf named our table at all.
    pub was_active: bool,
    /// The settings that changed.
    pub changes: Vec<Change>,
    /// The same as a unified diff of main.cf.
    pub diff: String,
    /// Settings of the activation that somebody has changed since, which therefore stay.
    pub kept: Vec<String>,
    /// Whether the mail system runs, and so was reloaded.
    pub running: Running,
    /// Files that could not be deleted, and why; nothing uses them any more.
    pub undeleted: Vec<String>,
}

/// Why a deactivation did not happen; the table is still in use and no file was deleted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeactivateError {
    /// Postfix could not be asked.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// The record cannot be used, or is of another instance.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Another instance uses this output directory.
    #[error("`{path}` is active for `{config}`; name that one with --postfix-config")]
    OtherInstance {
        /// The output directory.
        path: PathBuf,
        /// The other instance's configuration.
        config: PathBuf,
    },
    /// Something else names the table.
    #[error("`{by}` in master.cf still names our table; remove it there first")]
    StillNamed {
        /// A service and a setting.
        by: String,
    },
    /// main.cf cannot be read.
    #[error("cannot read `{path}`")]
    MainCf {
        /// Where it is.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// The mail system could not be asked whether it runs.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A step failed; main.cf is as it was unless `trouble` says otherwise.
    #[error("not deactivated: {cause}{}", trouble.as_ref().map(|trouble| format!("; {trouble}")).unwrap_or_default())]
    Undone {
        /// What failed.
        cause: StepError,
        /// What could not be undone, in words.
        trouble: Option<String>,
    },
}

/// Takes our table out of main.cf and brings back the other settings of the activation that nobody changed since.
///
/// # Errors
/// [`DeactivateError`]; the table is still in use then.
pub fn deactivate(
    instance: &Instance,
    generations: &Generations,
    leftovers: Leftovers,
) -> Result<Deactivated, DeactivateError> {
    let server = Detected::ask(instance)?;
    let record = record(&server, generations)?;
    let reference = Reference::new(&generations.current_directory());
    refuse_other_users(&server, &reference)?;
    let was_active = reference.is_in(server.unexpanded.get(POLICY_MAPS).map_or("", String::as_str));
    let (changes, kept) = changes(&server, &reference, &record);
    let path = server.main_cf();
    let before =
        MainCf::read(&path).map_err(|source| DeactivateError::MainCf { path: path.clone(), source })?;
    let running = instance.running()?;
    let after = if changes.is_empty() {
        before.bytes.clone()
    } else {
        take_out(instance, generations, &before, &changes, running)
            .map_err(|cause| undo(instance, &before, running, cause))?
    };
    let undeleted = delete(generations, &server, &record, leftovers);
    let diff = main_cf::diff(&path, &before.bytes, &after);
    Ok(Deactivated { was_active, changes, diff, kept, running, undeleted })
}

fn record(server: &Detected, generations: &Generations) -> Result<Record, DeactivateError> {
    match record_for(server, generations) {
        Ok(record) => Ok(record.unwrap_or_default()),
        Err(PlanError::OtherInstance { path, config }) => {
            Err(DeactivateError::OtherInstance { path, config })
        }
        Err(PlanError::Record(error)) => Err(error.into()),
        Err(_) => Ok(Record::default()),
    }
}

fn refuse_other_users(server: &Detected, reference: &Reference) -> Result<(), DeactivateError> {
    for service in &server.smtp_services {
        for (name, value) in &service.overrides {
            if reference.is_in(value) {
                return Err(DeactivateError::StillNamed { by: format!("{}/unix/{name}", service.name) });
            }
        }
    }
    Ok(())
}

/// What must change, and what stays since somebody else changed it after the activation.
fn changes(server: &Detected, reference: &Reference, record: &Record) -> (Vec<Change>, Vec<String>) {
    let (mut changes, mut kept) = (Vec::new(), Vec::new());
    let given: &BTreeMap<String, String> = &server.given;
    let mut push = |name: &str, new: Option<String>| {
        changes.push(Change { name: name.to_owned(), old: given.get(name).cloned(), new });
    };
    for (name, recorded) in &record.settings {
        match given.get(name) {
            // Back to the letter: nobody changed it since.
            Some(now) if *now == recorded.now => push(name, recorded.was.clone()),
            now if now == recorded.was.as_ref() => {}
            _ if name == POLICY_MAPS => {}
            _ => kept.push(name.clone()),
        }
    }
    let named = given.get(POLICY_MAPS).filter(|value| reference.is_in(value));
    let is_changed = changes.iter().any(|change| change.name == POLICY_MAPS);
    if let Some(value) = named.filter(|_| !is_changed) {
        let rest = reference.removed_from(value);
        let new = (!rest.is_empty()).then_some(rest);
        changes.push(Change { name: POLICY_MAPS.to_owned(), old: Some(value.clone()), new });
    }
    (changes, kept)
}

/// Changes main.cf and has the mail system read it; answers the bytes it has then.
fn take_out(
    instance: &Instance,
    generations: &Generations,
    before: &MainCf,
    changes: &[Change],
    running: Running,
) -> Result<Vec<u8>, StepError> {
    let failed = |source| StepError::MainCf { path: before.path.clone(), source };
    match saved_before(generations.root(), before) {
        // Only our changes lie between: the very bytes come back.
        Some(bytes) => before.with_bytes(bytes).restore().map_err(failed)?,
        None => main_cf::edit(instance, changes)?,
    }
    fault::point().map_err(failed)?;
    effect::check(instance, changes)?;
    if running == Running::Yes {
        instance.reload()?;
        if instance.running()? == Running::No {
            return Err(StepError::Stopped);
        }
    }
    fs::read(&before.path).map_err(failed)
}

fn undo(instance: &Instance, before: &MainCf, running: Running, cause: StepError) -> DeactivateError {
    let mut troubles = Vec::new();
    if let Err(error) = before.restore() {
        troubles.push(format!("`{}` cannot be brought back: {error}", before.path.display()));
    }
    if running == Running::Yes
        && let Err(error) = instance.reload()
    {
        troubles.push(spelled(&error));
    }
    DeactivateError::Undone { cause, trouble: (!troubles.is_empty()).then(|| troubles.join("; ")) }
}

/// Deletes what is ours, now that nothing refers to it.
fn delete(
    generations: &Generations,
    server: &Detected,
    record: &Record,
    leftovers: Leftovers,
) -> Vec<String> {
    let mut undeleted = Vec::new();
    let mut note =
        |what: String, error: &dyn std::error::Error| undeleted.push(format!("{what}: {}", spelled(error)));
    for copy in &record.copies {
        if let Err(error) = key_copies::remove(&server.queue_directory, copy) {
            note(copy.display().to_string(), &error);
        }
    }
    if leftovers == Leftovers::Delete
        && let Err(error) = generations.clear()
    {
        note(generations.root().display().to_string(), &error);
    }
    if undeleted.is_empty()
        && let Err(error) = Record::remove(generations.root())
    {
        undeleted.push(spelled(&error));
    }
    undeleted
}
