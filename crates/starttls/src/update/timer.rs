//! The withdrawal timer: installed at activation, and whether it runs.

use starttls_apply::withdrawal::{Command, EVERY_MINUTES, Scheduler};
use starttls_policy::{Finding, Timestamp};
use starttls_sources::StateDir;

use super::findings::NO_TIMER;
use crate::settings::{Settings, SettingsArgs, WithdrawalTimer};

/// The file that `withdraw` writes whenever it looks.
pub(crate) const SEEN: &str = "withdraw-seen";

/// A timer that has not been heard of for this long is dead.
const DEAD_AFTER_SECONDS: u64 = 60 * 60;

/// Sees to it that the timer is there; answers what stands against it.
pub(super) fn install(settings: &Settings, place: &SettingsArgs) -> Option<Finding> {
    if settings.update.withdrawal_timer.value == WithdrawalTimer::Own {
        return None;
    }
    let installed = || -> anyhow::Result<()> {
        let program = std::env::current_exe()?.to_string_lossy().into_owned();
        let mut words = vec![program, "withdraw".to_owned()];
        for (option, path) in place.options() {
            words.extend([option.to_owned(), std::path::absolute(path)?.to_string_lossy().into_owned()]);
        }
        let scheduler = Scheduler::of_this_machine()
            .ok_or_else(|| anyhow::anyhow!("neither systemd nor cron runs on this machine"))?;
        scheduler.install(&Command::new(words)?)?;
        Ok(())
    };
    let error = installed().err()?;
    let cure = format!(
        "run `starttls withdraw` every {EVERY_MINUTES} minutes by other means, and set `withdrawal-timer = \"own\"`"
    );
    Some(
        NO_TIMER
            .finding("", format!("the withdrawal timer could not be installed: {error:#}"))
            .with_cure(cure),
    )
}

/// Tells whether the timer has looked within the last hour.
pub(crate) fn is_watched(state: &StateDir, now: Timestamp) -> bool {
    let seen = state.read_note(SEEN, 64).ok().flatten().unwrap_or_default();
    let seen = std::str::from_utf8(&seen).ok().and_then(|text| text.trim().parse::<u64>().ok());
    seen.is_some_and(|seen| now.seconds().saturating_sub(seen) < DEAD_AFTER_SECONDS)
}
