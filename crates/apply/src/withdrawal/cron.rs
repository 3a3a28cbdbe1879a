//! The timer as a table of cron.

use std::path::{Path, PathBuf};

use super::{Command, EVERY_MINUTES, Installed, NAME, TimerError, put, take_away};

pub(super) fn install(tables: &Path, command: &Command) -> Result<Installed, TimerError> {
    put(&path(tables), &table(command))
}

pub(super) fn remove(tables: &Path) -> Result<(), TimerError> {
    take_away(&path(tables))
}

fn table(command: &Command) -> String {
    format!(
        "# Written by starttls at activation; `starttls update` puts it back.\n\
         # Takes TLS policies out of force whose list has ended.\n\
         PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n\
         */{EVERY_MINUTES} * * * * root {}\n",
        command.line()
    )
}

/// Without a dot in its name, which cron would pass over.
fn path(tables: &Path) -> PathBuf {
    tables.join(NAME)
}
