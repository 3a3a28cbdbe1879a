//! The timer as a table of cron.

use std::path::{Path, PathBuf};

use super::{Command, EVERY_MINUTES, Installed, TimerError, put, take_away};

pub(super) fn install(tables: &Path, name: &str, command: &Command) -> Result<Installed, TimerError> {
    put(&path(tables, name), &table(command))
}

pub(super) fn remove(tables: &Path, name: &str) -> Result<(), TimerError> {
    take_away(&path(tables, name))
}

fn table(command: &Command) -> String {
    format!(
        "# Written by starttls at activation, which puts it back.\n\
         # Takes out of force what has expired of the TLS policy.\n\
         PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n\
         */{EVERY_MINUTES} * * * * root {}\n",
        command.line()
    )
}

/// Without a dot in its name, which cron would pass over.
fn path(tables: &Path, name: &str) -> PathBuf {
    tables.join(name)
}
