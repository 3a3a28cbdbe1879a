//! The withdrawal timer: what looks, apart from the updater, whether lists in force have ended.
//!
//! Static tables do not expire by themselves. If the updater dies, this timer runs `starttls withdraw`, which fetches
//! nothing and can only take entries out. It is installed with every activation; what it does when it runs is
//! the program's business.
//!
//! Spec: systemd.timer(5), systemd.service(5), crontab(5).

mod cron;
mod systemd;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::commands::{CommandError, Commands};

/// Begins the name of every timer of ours.
const NAME: &str = "starttls-withdraw";

/// The output directory that most machines have one of; its timer has no further name.
const USUAL_OUTPUT: &str = "/etc/postfix/starttls";

/// The name of the timer of an output directory: each has its own, so that two Postfix instances do not take each other's.
pub fn name_for(output: &Path) -> String {
    if output == Path::new(USUAL_OUTPUT) {
        return NAME.to_owned();
    }
    let hash = Sha256::digest(output.as_os_str().as_encoded_bytes());
    let digits = base16ct::lower::encode_string(hash.get(..4).unwrap_or_default());
    format!("{NAME}-{digits}")
}

/// How often the timer looks; the withdrawal comes at most so much late.
pub const EVERY_MINUTES: u32 = 15;

/// What runs things at their time on this machine.
#[derive(Clone, Debug)]
pub enum Scheduler {
    /// systemd, with its units in this directory.
    Systemd {
        /// Where units of the administrator stand: `/etc/systemd/system`.
        units: PathBuf,
        /// Where `systemctl` is.
        commands: Commands,
    },
    /// A cron that reads a directory of tables.
    Cron {
        /// `/etc/cron.d`.
        tables: PathBuf,
    },
}

/// The command that the timer runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Command {
    words: Vec<String>,
}

/// What an installation found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Installed {
    /// It was not there, or said something else.
    Now,
    /// It was there already.
    Before,
}

/// Why there is no timer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimerError {
    /// A word of the command would need quoting, of which each scheduler has its own kind.
    #[error(
        "`{word}` cannot stand in a timer: want letters, digits and `/._-` alone; move it, or set `withdrawal-timer = \"own\"` and run `starttls withdraw` every {EVERY_MINUTES} minutes yourself"
    )]
    Word {
        /// The word.
        word: String,
    },
    /// The system refused.
    #[error("cannot write `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// systemd refused.
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl Command {
    /// The program and its arguments.
    ///
    /// # Errors
    /// [`TimerError::Word`] for anything that a scheduler could read otherwise than we mean it.
    pub fn new(words: impl IntoIterator<Item = String>) -> Result<Self, TimerError> {
        let words: Vec<String> = words.into_iter().collect();
        let is_plain = |word: &&String| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        };
        match words.iter().find(|word| !is_plain(word)) {
            Some(word) => Err(TimerError::Word { word: starttls_policy::printable(word) }),
            None => Ok(Self { words }),
        }
    }

    fn line(&self) -> String {
        self.words.join(" ")
    }
}

impl Scheduler {
    /// What runs on this machine: systemd if it is up, else a cron if it is installed.
    pub fn of_this_machine() -> Option<Self> {
        Self::below(Path::new("/"))
    }

    fn below(root: &Path) -> Option<Self> {
        // sd_booted(3): this directory exists exactly where systemd is the system's manager.
        if root.join("run/systemd/system").is_dir() {
            let units = root.join("etc/systemd/system");
            return Some(Self::Systemd { units, commands: Commands::system() });
        }
        let tables = root.join("etc/cron.d");
        tables.is_dir().then_some(Self::Cron { tables })
    }

    /// Sees to it that the timer of this name is there and runs.
    ///
    /// # Errors
    /// [`TimerError`]; an older timer is still there then.
    pub fn install(&self, name: &str, command: &Command) -> Result<Installed, TimerError> {
        match self {
            Self::Systemd { units, commands } => systemd::install(units, commands, name, command),
            Self::Cron { tables } => cron::install(tables, name, command),
        }
    }

    /// Removes the timer of this name, if it is there.
    ///
    /// # Errors
    /// [`TimerError`].
    pub fn remove(&self, name: &str) -> Result<(), TimerError> {
        match self {
            Self::Systemd { units, commands } => systemd::remove(units, commands, name),
            Self::Cron { tables } => cron::remove(tables, name),
        }
    }

    /// The word used in output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Systemd { .. } => "systemd",
            Self::Cron { .. } => "cron",
        }
    }
}

/// Puts a file where it belongs, unless it says so already.
fn put(path: &Path, text: &str) -> Result<Installed, TimerError> {
    if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(Installed::Before);
    }
    starttls_host::replace(path, text.as_bytes(), 0o644)
        .map_err(|source| TimerError::Io { path: path.to_owned(), source })?;
    Ok(Installed::Now)
}

fn take_away(path: &Path) -> Result<(), TimerError> {
    starttls_host::remove(path).map_err(|source| TimerError::Io { path: path.to_owned(), source })
}
