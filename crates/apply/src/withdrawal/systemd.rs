//! The timer as two units of systemd.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Command, EVERY_MINUTES, Installed, TimerError, put, take_away};
use crate::commands::{Call, CommandError, Commands, Messages};

/// `systemctl` waits for the manager, which may be busy starting things.
const DEADLINE: Duration = Duration::from_mins(1);
const MAX_BYTES: usize = 64 * 1024;

pub(super) fn install(
    units: &Path,
    commands: &Commands,
    name: &str,
    command: &Command,
) -> Result<Installed, TimerError> {
    let service = put(&service_path(units, name), &service(command))?;
    let timer = put(&timer_path(units, name), &timer())?;
    let unit = format!("{name}.timer");
    if service == Installed::Before
        && timer == Installed::Before
        && systemctl(commands, &["is-active", "--quiet", &unit]).is_ok()
    {
        return Ok(Installed::Before);
    }
    systemctl(commands, &["daemon-reload"])?;
    systemctl(commands, &["enable", "--now", &unit])?;
    Ok(Installed::Now)
}

pub(super) fn remove(units: &Path, commands: &Commands, name: &str) -> Result<(), TimerError> {
    if !timer_path(units, name).exists() && !service_path(units, name).exists() {
        return Ok(());
    }
    systemctl(commands, &["disable", "--now", &format!("{name}.timer")])?;
    take_away(&timer_path(units, name))?;
    take_away(&service_path(units, name))?;
    systemctl(commands, &["daemon-reload"])?;
    Ok(())
}

pub(super) fn service(command: &Command) -> String {
    format!(
        "# Written by starttls at activation, which puts it back.\n\
         [Unit]\n\
         Description=Takes out of force what has expired of the TLS policy\n\
         After=network.target\n\
         # However often it failed, it is tried again.\n\
         StartLimitIntervalSec=0\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         ExecStart={}\n",
        command.line()
    )
}

pub(super) fn timer() -> String {
    format!(
        "# Written by starttls at activation, which puts it back.\n\
         [Unit]\n\
         Description=Looks every {EVERY_MINUTES} minutes whether a part of the TLS policy has expired\n\
         StartLimitIntervalSec=0\n\
         \n\
         [Timer]\n\
         OnCalendar=*:0/{EVERY_MINUTES}\n\
         RandomizedDelaySec=1min\n\
         Persistent=true\n\
         \n\
         [Install]\n\
         WantedBy=timers.target\n"
    )
}

fn service_path(units: &Path, name: &str) -> PathBuf {
    units.join(format!("{name}.service"))
}

fn timer_path(units: &Path, name: &str) -> PathBuf {
    units.join(format!("{name}.timer"))
}

fn systemctl(commands: &Commands, arguments: &[&str]) -> Result<(), CommandError> {
    let call = Call {
        name: "systemctl",
        arguments: arguments.iter().map(Into::into).collect(),
        environment: Vec::new(),
        input: None,
        messages: Messages::Pipe,
        deadline: DEADLINE,
        max_bytes: MAX_BYTES,
    };
    commands.demand(call).map(|_| ())
}
