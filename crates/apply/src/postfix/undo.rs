//! Undoing an activation that failed on its way: main.cf, generation, key files and record as they were.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use super::main_cf::{self, Change, MainCf};
use super::native::spelled;
use super::plan::Plan;
use super::record::before_path;
use super::{Running, activate, key_copies};
use crate::generations::{Generations, Published};

/// The steps of an activation that were begun.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) recorded: bool,
    pub(super) new_copies: BTreeSet<PathBuf>,
    pub(super) published: Option<Published>,
    pub(super) edit_begun: bool,
    /// main.cf right after the edit.
    pub(super) edited: Option<MainCf>,
    pub(super) reload_begun: bool,
}

/// What became of the steps that had been done.
#[derive(Debug)]
#[must_use]
pub struct Undone {
    /// How main.cf came back.
    pub main_cf: MainCfBack,
    /// What could not be undone, in words; the operator must act on each.
    pub troubles: Vec<String>,
}

/// How main.cf came back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MainCfBack {
    /// It had not been changed.
    Untouched,
    /// To the very bytes it had.
    Bytes,
    /// Setting by setting, since somebody else had changed it meanwhile.
    Settings,
    /// Not at all.
    Failed,
}

impl fmt::Display for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.main_cf {
            MainCfBack::Untouched => "main.cf was not changed",
            MainCfBack::Bytes => "main.cf is as it was, to the byte",
            MainCfBack::Settings => {
                "the settings are as they were; somebody else had changed main.cf meanwhile"
            }
            MainCfBack::Failed => "main.cf could not be brought back",
        })?;
        self.troubles.iter().try_for_each(|trouble| write!(f, "; {trouble}"))
    }
}

/// Undoes what `done` names, in reverse order; goes on whatever fails.
pub(super) fn undo(plan: &Plan, generations: &Generations, running: Running, done: &Done) -> Undone {
    let mut troubles = Vec::new();
    let main_cf = restore(plan, done, &mut troubles);
    // The generation before has what it needs: its key files are still there.
    if done.published.as_ref().is_some_and(|published| published.previous.is_some())
        && let Err(error) = generations.roll_back()
    {
        troubles.push(spelled(&error));
    }
    if done.reload_begun && running == Running::Yes {
        reload(plan, &mut troubles);
    }
    if main_cf == MainCfBack::Failed {
        let saved = before_path(generations.root());
        troubles.push(format!("copy `{}` over it and run `postfix reload`", saved.display()));
        return Undone { main_cf, troubles };
    }
    for copy in &done.new_copies {
        if let Err(error) = key_copies::remove(&plan.server.queue_directory, copy) {
            troubles.push(format!("`{}` cannot be removed: {error}", copy.display()));
        }
    }
    if done.recorded
        && let Err(error) = activate::put_record_back(plan, generations)
    {
        troubles.push(spelled(&error));
    }
    Undone { main_cf, troubles }
}

fn restore(plan: &Plan, done: &Done, troubles: &mut Vec<String>) -> MainCfBack {
    if !done.edit_begun {
        return MainCfBack::Untouched;
    }
    let now = MainCf::read(&plan.main_cf.path).ok();
    if now.as_ref().is_some_and(|now| now.bytes == plan.main_cf.bytes) {
        return MainCfBack::Untouched;
    }
    // When the edit itself broke off, what is there now is its doing: nobody else had the time.
    let ours =
        done.edited.as_ref().is_none_or(|edited| now.as_ref().is_none_or(|now| now.bytes == edited.bytes));
    if !ours {
        let back: Vec<Change> = plan.changes.iter().map(reversed).collect();
        return match main_cf::edit(&plan.instance, &back) {
            Ok(()) => MainCfBack::Settings,
            Err(error) => {
                troubles.push(spelled(&error));
                MainCfBack::Failed
            }
        };
    }
    match plan.main_cf.restore() {
        Ok(()) => MainCfBack::Bytes,
        Err(error) => {
            troubles.push(format!("`{}` cannot be written: {error}", plan.main_cf.path.display()));
            MainCfBack::Failed
        }
    }
}

fn reload(plan: &Plan, troubles: &mut Vec<String>) {
    if let Err(error) = plan.instance.reload() {
        troubles.push(format!("reloading the old configuration: {}", spelled(&error)));
    }
    match plan.instance.running() {
        Ok(Running::Yes) => {}
        Ok(Running::No) => {
            troubles.push("the mail system does not run; start it with `postfix start`".to_owned());
        }
        Err(error) => troubles.push(spelled(&error)),
    }
}

fn reversed(change: &Change) -> Change {
    Change { name: change.name.clone(), old: change.new.clone(), new: change.old.clone() }
}
