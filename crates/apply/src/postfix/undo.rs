//! Undoing an activation that failed on its way: main.cf, generation, key files and record as they were.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use starttls_policy::with_causes;

use super::main_cf::{Edit, MainCf, MainCfBack};
use super::plan::Plan;
use super::record::before_path;
use super::{Instance, Running, activate, key_copies};
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
        troubles.push(with_causes(&error));
    }
    if done.published.is_some()
        && let Err(error) = generations.copy_record()
    {
        troubles.push(with_causes(&error));
    }
    if done.reload_begun && running == Running::Yes {
        reload_again(&plan.instance, &mut troubles);
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
        troubles.push(with_causes(&error));
    }
    Undone { main_cf, troubles }
}

fn restore(plan: &Plan, done: &Done, troubles: &mut Vec<String>) -> MainCfBack {
    if !done.edit_begun {
        return MainCfBack::Untouched;
    }
    let edit = Edit {
        instance: &plan.instance,
        before: &plan.main_cf,
        changes: &plan.changes,
        after: done.edited.as_ref(),
    };
    edit.take_back(troubles)
}

/// Has the mail system read the old configuration, and looks whether it still runs.
pub(super) fn reload_again(instance: &Instance, troubles: &mut Vec<String>) {
    if let Err(error) = instance.reload() {
        troubles.push(format!("reloading the old configuration: {}", with_causes(&error)));
    }
    match instance.running() {
        Ok(Running::Yes) => {}
        Ok(Running::No) => {
            troubles.push("the mail system does not run; start it with `postfix start`".to_owned());
        }
        Err(error) => troubles.push(with_causes(&error)),
    }
}
