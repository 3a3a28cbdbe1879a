//! Activation: carries out a plan, and undoes everything when any step fails.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use starttls_policy::{Finding, with_causes};

use super::key_copies::KeyCopyError;
use super::main_cf::{self, EditError, MainCf, words};
use super::plan::Plan;
use super::record::{self, Record, RecordError, Recorded};
use super::restored::restored;
use super::undo::{Done, Undone};
use super::uses::{Use, summary};
use super::{Change, DetectError, Running, effect, kept_keys};
use crate::commands::CommandError;
use crate::generations::{Generations, PublishError, Published, Ready};
use crate::validity::ValidityError;
use starttls_host::fault;

/// What an activation did.
#[derive(Debug)]
pub struct Activated {
    /// The settings that were changed; none when the table was active already.
    pub changes: Vec<Change>,
    /// The generation that was published on the way.
    pub published: Option<Published>,
    /// Whether the mail system runs, and so was reloaded.
    pub running: Running,
    /// What the operator should know.
    pub findings: Vec<Finding>,
}

/// Why an activation did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActivateError {
    /// A check refused it; nothing was touched.
    #[error("not activated: {}", .0.first().map_or("", |finding| finding.message.as_str()))]
    Refused(Vec<Finding>),
    /// Somebody changed main.cf after the plan was made; nothing was touched.
    #[error("`{path}` was changed since the plan was made; look at the difference anew")]
    Changed {
        /// Where it is.
        path: PathBuf,
    },
    /// Something could not be asked before the first step; nothing was touched.
    #[error("not activated, and nothing was changed")]
    Before(#[source] StepError),
    /// A step failed, and what had been done was undone.
    #[error("not activated: {}; {undone}", with_causes(.cause))]
    Undone {
        /// What failed.
        cause: StepError,
        /// What became of the steps before it.
        undone: Undone,
    },
}

/// A step that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// A tool.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// Writing down what is about to change.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Copying the record of when the policy expires.
    #[error(transparent)]
    Validity(#[from] ValidityError),
    /// Copying key files into the chroot.
    #[error(transparent)]
    KeyCopy(#[from] KeyCopyError),
    /// The swap of generations.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// Reading or writing main.cf.
    #[error("cannot read or write `{path}`")]
    MainCf {
        /// Where it is.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// The change had no effect.
    #[error("`{name}` is `{found}` after the change, wanted was `{wanted}`")]
    NotInEffect {
        /// The setting.
        name: String,
        /// What `postconf` says.
        found: String,
        /// What was set.
        wanted: String,
    },
    /// The table does not answer what was written.
    #[error("the table does not answer through `{reference}`: {reason}")]
    NotAnswering {
        /// As main.cf names it.
        reference: String,
        /// What came instead.
        reason: String,
    },
    /// The configuration could not be read again.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// The new main.cf could not be tried on a copy.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Something still leads into the output directory.
    #[error("{}", summary(.0))]
    StillUsed(Vec<Use>),
    /// The mail system did not survive the reload.
    #[error("the mail system no longer runs after the reload")]
    Stopped,
}

/// Carries out a plan: publishes `ready` if given, changes main.cf, has the mail system read it, and looks whether it
/// took effect. An active table is only swapped and reloaded.
///
/// # Errors
/// [`ActivateError`]; whatever had been done is undone then.
pub fn activate(
    plan: Plan,
    generations: &Generations,
    ready: Option<Ready<'_>>,
) -> Result<Activated, ActivateError> {
    let refusals: Vec<Finding> = plan.refusals().cloned().collect();
    if !refusals.is_empty() {
        return Err(ActivateError::Refused(refusals));
    }
    let path = plan.server.main_cf();
    let now = MainCf::read(&path)
        .map_err(|source| ActivateError::Before(StepError::MainCf { path: path.clone(), source }))?;
    if now.bytes != plan.main_cf.bytes {
        return Err(ActivateError::Changed { path });
    }
    let running = plan.instance.running().map_err(|error| ActivateError::Before(error.into()))?;
    let mut done = Done::default();
    match carry_out(&plan, generations, ready, running, &mut done) {
        Ok(()) => Ok(Activated {
            changes: plan.changes,
            published: done.published,
            running,
            findings: plan.findings,
        }),
        Err(cause) => {
            let undone = super::undo::undo(&plan, generations, running, &done);
            Err(ActivateError::Undone { cause, undone })
        }
    }
}

fn carry_out(
    plan: &Plan,
    generations: &Generations,
    ready: Option<Ready<'_>>,
    running: Running,
    done: &mut Done,
) -> Result<(), StepError> {
    plan.main_cf.tidy().map_err(|source| StepError::MainCf { path: plan.server.main_cf(), source })?;
    write_record(plan, generations, done)?;
    for copy in &plan.copies {
        copy.install(&plan.server.queue_directory)?;
    }
    // Before main.cf names it: a missing table defers all mail.
    if let Some(ready) = ready {
        done.published = Some(ready.publish()?);
    }
    // Before anything is enforced, so that nothing is in force whose expiry a single file knows.
    generations.copy_record()?;
    if !plan.changes.is_empty() {
        done.edit_begun = true;
        main_cf::edit(&plan.instance, &plan.changes)?;
        done.edited = Some(read(plan)?);
        step()?;
    }
    effect::check(&plan.instance, &plan.changes)?;
    effect::answers(&plan.instance, &plan.reference, &plan.table)?;
    if running == Running::Yes {
        done.reload_begun = true;
        plan.instance.reload()?;
        if plan.instance.running()? == Running::No {
            return Err(StepError::Stopped);
        }
    }
    step()?;
    if let Some(edited) = &done.edited {
        record::save_after(generations.root(), edited)?;
    }
    kept_keys::prune(generations, &plan.server.queue_directory, &plan.table.key_files);
    Ok(())
}

/// Writes down what will be changed, and what there was, before it is changed.
fn write_record(plan: &Plan, generations: &Generations, done: &mut Done) -> Result<(), StepError> {
    let root = generations.root();
    let mut record = plan.record.clone().unwrap_or_default();
    record.config_directory.clone_from(&plan.server.config_directory);
    record.queue_directory.clone_from(&plan.server.queue_directory);
    for change in &plan.changes {
        let now = change.new.clone().unwrap_or_default();
        // What was there before the first activation is what deactivation must bring back, unless somebody has set
        // it since.
        match record.settings.get_mut(&change.name) {
            Some(recorded) if change.old.as_deref().map(words) == Some(words(&recorded.now)) => {
                recorded.now = now;
            }
            _ => _ = record.settings.insert(change.name.clone(), Recorded { was: change.old.clone(), now }),
        }
    }
    let copies: BTreeSet<PathBuf> = plan.copies.iter().map(|copy| copy.to.clone()).collect();
    done.new_copies = copies.difference(&record.copies).cloned().collect();
    record.copies.extend(copies);
    if let Some(original) = original(plan, generations) {
        record::save_before(root, &plan.main_cf.with_bytes(original))?;
    }
    done.recorded = true;
    record.write(root)?;
    Ok(())
}

/// main.cf as it would be without us, where that is to be saved now.
///
/// An activation after the first one has it from what was saved then and what others have changed since.
fn original(plan: &Plan, generations: &Generations) -> Option<Vec<u8>> {
    let root = generations.root();
    // This holds even when the record beside it is damaged.
    if record::saved_before(root, &plan.main_cf).is_some() {
        return None;
    }
    let Some(record) = &plan.record else { return Some(plan.main_cf.bytes.clone()) };
    if plan.changes.is_empty() {
        return None;
    }
    let given = &plan.server.given;
    let is_ours = |name: &str, now: &str| given.get(name).is_some_and(|found| words(found) == words(now));
    let ours = record.settings.iter().filter(|(name, recorded)| is_ours(name, &recorded.now));
    let names = ours.map(|(name, _)| name.as_str()).collect();
    Some(restored(&record::saved_original(root)?, &plan.main_cf.bytes, &names))
}

fn read(plan: &Plan) -> Result<MainCf, StepError> {
    let path = plan.server.main_cf();
    MainCf::read(&path).map_err(|source| StepError::MainCf { path, source })
}

/// A place to fail at, in tests.
fn step() -> Result<(), StepError> {
    fault::point().map_err(|source| StepError::MainCf { path: PathBuf::new(), source })
}

/// For [`super::undo`]: the record as it was before.
pub(super) fn put_record_back(plan: &Plan, generations: &Generations) -> Result<(), RecordError> {
    match &plan.record {
        Some(record) => record.write(generations.root()),
        None => Record::remove(generations.root()),
    }
}
