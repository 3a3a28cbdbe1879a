//! The server's own tools: where they are, and one bounded run of one of them.
//!
//! No shell, a clean environment, a deadline and a byte limit for every run. What the tools are asked is the business
//! of each server's folder.

mod run;
mod terminal;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Access, access};

/// Looked through after `PATH`, which often lacks them for operators who are not root.
const SYSTEM_DIRECTORIES: [&str; 5] = ["/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin"];

/// Where the tools are.
#[derive(Clone, Debug)]
pub struct Commands {
    directories: Vec<PathBuf>,
}

/// One run to be made.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// What the tool reads, from its start; nothing when `None`.
    pub(crate) input: Option<File>,
    pub(crate) messages: Messages,
    pub(crate) deadline: Duration,
    pub(crate) max_bytes: usize,
}

/// What the tool's standard error looks like to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Messages {
    Pipe,
    /// A terminal: some tools say nothing when they are not looked at.
    Terminal,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The exit code; `None` when killed by a signal.
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    /// What it said on standard error.
    pub(crate) messages: String,
}

/// Why a tool gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// It is not installed, or elsewhere.
    #[error(
        "no `{name}` in {searched}; install the mail server, or name the directory of its commands with `--postfix-commands`"
    )]
    NotFound {
        /// The tool.
        name: &'static str,
        /// Where it was looked for.
        searched: String,
    },
    /// It could not be started or listened to.
    #[error("cannot run `{command}`")]
    Run {
        /// The tool with its arguments.
        command: String,
        /// What the system answered.
        #[source]
        source: std::io::Error,
    },
    /// It was still running.
    #[error("`{command}` had not ended after {} s and was killed", deadline.as_secs_f32())]
    TimedOut {
        /// The tool with its arguments.
        command: String,
        /// How long it was waited for.
        deadline: Duration,
    },
    /// It wrote without end.
    #[error("`{command}` wrote more than {max_bytes} bytes and was killed")]
    TooMuchOutput {
        /// The tool with its arguments.
        command: String,
        /// The limit.
        max_bytes: usize,
    },
    /// It ended with an error.
    #[error("`{command}` ended with {}: {}", ending(*code), said(messages))]
    Failed {
        /// The tool with its arguments.
        command: String,
        /// Its exit code; `None` when killed by a signal.
        code: Option<i32>,
        /// What it said.
        messages: String,
    },
}

impl Commands {
    /// The tools in one directory, and nowhere else.
    pub fn in_directory(directory: impl Into<PathBuf>) -> Self {
        Self { directories: vec![directory.into()] }
    }

    /// The tools along a search path as in `PATH`, then in the system's directories.
    pub fn along(path: Option<&OsStr>) -> Self {
        // A relative directory would run whatever lies where we happen to stand.
        let mut directories: Vec<PathBuf> = path
            .map(|path| std::env::split_paths(path).filter(|entry| entry.is_absolute()).collect())
            .unwrap_or_default();
        directories.extend(SYSTEM_DIRECTORIES.map(PathBuf::from));
        Self { directories }
    }

    /// The tools of this machine, along its `PATH`.
    pub fn system() -> Self {
        Self::along(std::env::var_os("PATH").as_deref())
    }

    /// Where a tool is, if it is anywhere.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        let runs = |path: &PathBuf| path.is_file() && access(path, Access::EXEC_OK).is_ok();
        self.directories.iter().map(|directory| directory.join(name)).find(runs)
    }

    /// Runs a tool to its end, whatever its exit code.
    ///
    /// # Errors
    /// Every [`CommandError`] but `Failed`.
    pub(crate) fn run(&self, call: Call) -> Result<Answer, CommandError> {
        let Some(path) = self.find(call.name) else {
            // A search path often names a directory twice.
            let searched: BTreeSet<String> =
                self.directories.iter().map(|path| format!("`{}`", path.display())).collect();
            let searched: Vec<String> = searched.into_iter().collect();
            return Err(CommandError::NotFound { name: call.name, searched: searched.join(", ") });
        };
        run::run(&path, &self.search_path(), call)
    }

    /// Runs a tool that must end well.
    ///
    /// # Errors
    /// [`CommandError`].
    pub(crate) fn demand(&self, call: Call) -> Result<Answer, CommandError> {
        let command = call.spelled();
        let answer = self.run(call)?;
        if answer.code == Some(0) {
            return Ok(answer);
        }
        Err(CommandError::Failed { command, code: answer.code, messages: answer.messages })
    }

    /// For tools that call further ones.
    fn search_path(&self) -> OsString {
        let system = SYSTEM_DIRECTORIES.iter().map(Path::new);
        let all = self.directories.iter().map(PathBuf::as_path).chain(system);
        std::env::join_paths(all).unwrap_or_else(|_| SYSTEM_DIRECTORIES.join(":").into())
    }
}

impl Call {
    /// The tool and its arguments, for messages.
    pub(crate) fn spelled(&self) -> String {
        let mut text = self.name.to_owned();
        for argument in &self.arguments {
            text.push(' ');
            text.push_str(&argument.to_string_lossy());
        }
        text
    }
}

fn ending(code: Option<i32>) -> String {
    code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"))
}

fn said(messages: &str) -> &str {
    let messages = messages.trim();
    if messages.is_empty() { "it said nothing; look into the mail log" } else { messages }
}
