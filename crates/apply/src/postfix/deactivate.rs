//! Deactivation: takes our table out of main.cf, has the mail system forget it, and only then deletes files.

use std::io;
use std::path::PathBuf;

use starttls_mta::postfix::PolicyMaps;
use starttls_policy::with_causes;

use super::activate::StepError;
use super::main_cf::{self, Change, Edit, MainCf, MainCfBack, words};
use super::record::{
    Record, RecordError, RecordForError, Recorded, record_for, saved_before, saved_original,
};
use super::reference::{POLICY_MAPS, Reference};
use super::restored::restored;
use super::undo::{Undone, reload_again};
use super::uses::{Use, UseKind, summary};
use super::{DetectError, Detected, Instance, Running, effect, key_copies, replaced};
use crate::commands::CommandError;
use crate::generations::Generations;
use starttls_host::fault;

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
    /// Whether an activation was on record: if main.cf did not name our table then, another program took it out.
    pub was_recorded: bool,
    /// The settings that changed.
    pub changes: Vec<Change>,
    /// The same as a unified diff of main.cf.
    pub diff: String,
    /// Other output directories of ours that main.cf still names.
    pub other_outputs: Vec<PathBuf>,
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
    /// Something that only the operator can take out leads into the output directory; nothing was changed or deleted.
    #[error("not deactivated, and nothing was changed: {}", summary(.0))]
    StillUsed(Vec<Use>),
    /// Nothing leads into the output directory, and main.cf names the tables of others of ours; nothing was changed.
    #[error("not deactivated: main.cf does not name our table of this output directory, but that of {}", listed(.0))]
    OtherOutputs(Vec<PathBuf>),
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
    /// A step failed, and what had been done was undone.
    #[error("not deactivated: {}; {undone}", with_causes(.cause))]
    Undone {
        /// What failed.
        cause: StepError,
        /// What became of the steps before it.
        undone: Undone,
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
    let reference = Reference::new(generations.root());
    let survey = server.survey(generations.root());
    // A withdrawal is about this directory alone; the operator means what is in force.
    if leftovers == Leftovers::Delete && !survey.is_used() && !survey.other_outputs.is_empty() {
        return Err(DeactivateError::OtherOutputs(survey.other_outputs));
    }
    let (ours, indirect): (Vec<Use>, Vec<Use>) =
        survey.uses.into_iter().partition(|found| found.kind == UseKind::Ours);
    if !indirect.is_empty() {
        return Err(DeactivateError::StillUsed(indirect));
    }
    let (changes, kept) = changes(&server, &reference, record.as_ref());
    let path = server.main_cf();
    let before =
        MainCf::read(&path).map_err(|source| DeactivateError::MainCf { path: path.clone(), source })?;
    // Where the line that counts names our table, replaced ones of it go with it.
    let replaced = replaced::uses(&server, &before, generations.root());
    if leftovers == Leftovers::Delete && ours.is_empty() && !replaced.is_empty() {
        return Err(DeactivateError::StillUsed(replaced));
    }
    let running = instance.running()?;
    let mut removal =
        Removal { instance, before, changes: &changes, after: None, running, reload_begun: false };
    // A record without changes: an earlier run died before the mail system had heard of them.
    if !changes.is_empty() || record.is_some() {
        removal.carry_out(generations, &reference).map_err(|cause| removal.undo(cause))?;
    }
    let after = removal.after.as_ref().unwrap_or(&removal.before);
    let diff = main_cf::diff(&path, &removal.before.bytes, &after.bytes);
    let tidied = removal.before.tidy();
    let was_recorded = record.is_some();
    let mut undeleted = delete(generations, &server, &record.unwrap_or_default(), leftovers);
    undeleted.extend(tidied.err().map(|error| format!("beside `{}`: {error}", path.display())));
    Ok(Deactivated {
        was_active: !ours.is_empty(),
        was_recorded,
        changes,
        diff,
        other_outputs: survey.other_outputs,
        kept,
        running,
        undeleted,
    })
}

/// Paths in words, for one message.
fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ")
}

fn record(server: &Detected, generations: &Generations) -> Result<Option<Record>, DeactivateError> {
    record_for(server, generations).map_err(|error| match error {
        RecordForError::OtherInstance { path, config } => DeactivateError::OtherInstance { path, config },
        RecordForError::Record(error) => error.into(),
    })
}

/// What must change, and what stays since somebody else changed it after the activation.
fn changes(server: &Detected, reference: &Reference, record: Option<&Record>) -> (Vec<Change>, Vec<String>) {
    let (mut changes, mut kept) = (Vec::new(), Vec::new());
    let given = &server.given;
    let mut push = |name: &str, new: Option<String>| {
        changes.push(Change { name: name.to_owned(), old: given.get(name).cloned(), new });
    };
    let recorded = record.iter().flat_map(|record| &record.settings).filter(|(name, _)| *name != POLICY_MAPS);
    for (name, Recorded { was, now }) in recorded {
        match given.get(name) {
            Some(found) if words(found) == words(now) => push(name, was.clone()),
            found if found.map(|value| words(value)) == was.as_deref().map(words) => {}
            _ => kept.push(name.clone()),
        }
    }
    if let Some(found) = given.get(POLICY_MAPS).filter(|found| reference.is_in(found)) {
        let rest = without_comment(&reference.removed_from(found));
        let recorded = record.and_then(|record| record.settings.get(POLICY_MAPS));
        // Ours may have stood there even before the activation.
        let was = recorded.map(|recorded| recorded.was.as_ref().map(|was| reference.removed_from(was)));
        let is_unchanged = |was: &Option<String>| tables(was.as_deref().unwrap_or_default()) == tables(&rest);
        // Back to the letter if nobody changed it since, be it absent or empty.
        push(
            POLICY_MAPS,
            was.filter(is_unchanged).unwrap_or_else(|| Some(rest.clone()).filter(|rest| !rest.is_empty())),
        );
    }
    (changes, kept)
}

/// The value up to a word that begins with `#`.
///
/// postconf(5) knows no comment behind a value: Postfix takes the word for a table, and no service that asks it starts.
fn without_comment(value: &str) -> String {
    let mut tables = PolicyMaps(value).tables();
    let Some(comment) = tables.find(|table| table.starts_with('#')) else { return value.to_owned() };
    let start = (comment.as_ptr() as usize).saturating_sub(value.as_ptr() as usize);
    value.get(..start).unwrap_or(value).trim_end_matches([',', ' ', '\t', '\r', '\n']).to_owned()
}

fn tables(value: &str) -> Vec<&str> {
    PolicyMaps(value).tables().collect()
}

/// The removal of our table from a server's configuration, as far as it has come.
struct Removal<'a> {
    instance: &'a Instance,
    before: MainCf,
    changes: &'a [Change],
    after: Option<MainCf>,
    running: Running,
    reload_begun: bool,
}

impl Removal<'_> {
    fn carry_out(&mut self, generations: &Generations, reference: &Reference) -> Result<(), StepError> {
        let path = self.before.path.clone();
        let failed = |source| StepError::MainCf { path: path.clone(), source };
        if !self.changes.is_empty() {
            let text = self.text_without_ours(generations, reference)?;
            self.before.with_bytes(text).restore().map_err(failed)?;
            self.after = Some(MainCf::read(&path).map_err(failed)?);
            fault::point().map_err(failed)?;
        }
        effect::check(self.instance, self.changes)?;
        effect::gone(self.instance, generations.root())?;
        if self.running == Running::Yes {
            self.reload_begun = true;
            self.instance.reload()?;
            if self.instance.running()? == Running::No {
                return Err(StepError::Stopped);
            }
        }
        Ok(())
    }

    /// main.cf with all changes made: our parameters have the very lines that they had before the activation.
    fn text_without_ours(
        &self,
        generations: &Generations,
        reference: &Reference,
    ) -> Result<Vec<u8>, StepError> {
        let now = &self.before;
        // Our table may have been named even before; then that text is no way back.
        let usable = |saved: &Vec<u8>| !reference.is_named_by(saved);
        if let Some(bytes) = saved_before(generations.root(), now).filter(usable) {
            return Ok(bytes);
        }
        let names = self.changes.iter().map(|change| change.name.as_str()).collect();
        let saved = saved_original(generations.root()).filter(usable);
        let text = saved.map_or_else(|| now.bytes.clone(), |saved| restored(&saved, &now.bytes, &names));
        let text = now.with_bytes(text);
        // What that did not bring back is set or removed by itself.
        let missing = text.differing(self.instance, self.changes)?;
        if missing.is_empty() { Ok(text.bytes) } else { Ok(text.simulate(self.instance, &missing)?) }
    }

    fn undo(&self, cause: StepError) -> DeactivateError {
        let mut troubles = Vec::new();
        let edit = Edit {
            instance: self.instance,
            before: &self.before,
            changes: self.changes,
            after: self.after.as_ref(),
        };
        let main_cf =
            if self.changes.is_empty() { MainCfBack::Untouched } else { edit.take_back(&mut troubles) };
        if self.reload_begun {
            reload_again(self.instance, &mut troubles);
        }
        DeactivateError::Undone { cause, undone: Undone { main_cf, troubles } }
    }
}

/// Deletes what is ours, now that nothing refers to it.
fn delete(
    generations: &Generations,
    server: &Detected,
    record: &Record,
    leftovers: Leftovers,
) -> Vec<String> {
    let mut undeleted = Vec::new();
    let mut note = |what: String, error: &dyn std::error::Error| {
        undeleted.push(format!("{what}: {}", with_causes(error)));
    };
    for copy in &record.copies {
        if let Err(error) = key_copies::remove(&server.queue_directory, copy) {
            note(copy.display().to_string(), &error);
        }
    }
    if leftovers == Leftovers::Delete {
        if let Err(error) = generations.clear() {
            note(generations.root().display().to_string(), &error);
        }
        if let Err(error) = generations.remove_record_copy() {
            note("the copy of the activation record".to_owned(), &error);
        }
    }
    if undeleted.is_empty()
        && let Err(error) = Record::remove(generations.root())
    {
        undeleted.push(with_causes(&error));
    }
    undeleted
}
