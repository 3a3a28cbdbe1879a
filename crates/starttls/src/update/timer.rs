//! The withdrawal timer: installed with every activation, removed with deactivation.

use std::path::Path;

use starttls_apply::validity::Validity;
use starttls_apply::withdrawal::{Command, EVERY_MINUTES, Scheduler, name_for};
use starttls_policy::{Code, Finding};

use crate::settings::{Settings, WithdrawalTimer};

/// Sees to it that the timer of an output directory is there; answers what stands against it.
pub(crate) fn install(settings: &Settings, output: &Path, code: Code) -> Option<Finding> {
    if settings.update.withdrawal_timer.value == WithdrawalTimer::Own {
        return None;
    }
    let error = try_install(output).err()?;
    let cure = format!(
        "run `starttls withdraw --record {}` every {EVERY_MINUTES} minutes by other means, and set \
         `withdrawal-timer = \"own\"`",
        output.display()
    );
    Some(code.finding("", format!("the withdrawal timer could not be installed: {error:#}")).with_cure(cure))
}

fn try_install(output: &Path) -> anyhow::Result<()> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let program = std::env::current_exe()?;
    let words = vec![text(&program), "withdraw".to_owned(), "--record".to_owned(), text(output)];
    // Where the output directory is lost, the instance that uses it is known from here alone.
    let record = Validity::read(output).ok().flatten();
    let places = record.map(|record| {
        [("--postfix-config", record.postfix_config), ("--postfix-commands", record.postfix_commands)]
    });
    let places =
        places.into_iter().flatten().filter_map(|(option, path)| Some([option.to_owned(), text(&path?)]));
    let with_places = Command::new(words.iter().cloned().chain(places.flatten()));
    let command = with_places.or_else(|_| Command::new(words))?;
    let scheduler = Scheduler::of_this_machine()
        .ok_or_else(|| anyhow::anyhow!("neither systemd nor cron runs on this machine"))?;
    scheduler.install(&name_for(output), &command)?;
    Ok(())
}

/// Removes the timer of an output directory, of which nothing is in force any more; answers what stands against it.
pub(crate) fn remove(settings: &Settings, output: &Path) -> Option<String> {
    if settings.update.withdrawal_timer.value == WithdrawalTimer::Own {
        return None;
    }
    let removed = Scheduler::of_this_machine()?.remove(&name_for(output));
    removed.err().map(|error| format!("the withdrawal timer could not be removed: {error:#}"))
}
