//! The server's own tools: where they are, and one bounded run of one of them.
//!
//! A deadline and a byte limit for every run, which `starttls-host` holds. What the tools are asked is the business of each
//! server's folder.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use starttls_host::program::Messages;
use starttls_host::program::{self, Bounds, Environment, Group, Input, Output, SearchPath, Stopped};

/// Looked through after `PATH`, which often lacks them for operators who are not root.
const SYSTEM_DIRECTORIES: [&str; 5] = ["/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin"];

/// Where the tools are.
#[derive(Clone, Debug)]
pub struct Commands {
    search: SearchPath,
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
        Self { search: SearchPath::of(directory) }
    }

    /// The tools along a search path as in `PATH`, then in the system's directories.
    pub fn along(path: Option<&OsStr>) -> Self {
        Self { search: SearchPath::along(path, &SYSTEM_DIRECTORIES) }
    }

    /// The tools of this machine, along its `PATH`.
    pub fn system() -> Self {
        Self::along(std::env::var_os("PATH").as_deref())
    }

    /// Where a tool is, if it is anywhere.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        self.search.find(name)
    }

    /// Runs a tool to its end, whatever its exit code.
    ///
    /// # Errors
    /// Every [`CommandError`] but `Failed`.
    pub(crate) fn run(&self, call: Call) -> Result<Answer, CommandError> {
        let program = self.find(call.name).ok_or_else(|| self.not_found(call.name))?;
        let command = call.spelled();
        // For tools that call further ones.
        let search_path = self.search.variable(&SYSTEM_DIRECTORIES);
        let mut environment = vec![("LC_ALL", "C".into()), ("PATH", search_path)];
        environment.extend(call.environment);
        let bounds = Bounds {
            deadline: call.deadline,
            max_output_bytes: call.max_bytes,
            max_message_bytes: call.max_bytes,
            watch: None,
        };
        let call = program::Call {
            program: &program,
            arguments: &call.arguments,
            environment: Environment::Only(&environment),
            directory: Path::new("/"),
            input: call.input.map_or(Input::Nothing, Input::File),
            output: Output::Read,
            messages: call.messages,
            group: Group::Own,
        };
        let ended = program::run(call, &bounds).map_err(|stopped| CommandError::of(command, stopped))?;
        Ok(Answer {
            code: ended.status.code(),
            output: text(&ended.output),
            messages: text(&ended.messages).replace('\r', ""),
        })
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

    fn not_found(&self, name: &'static str) -> CommandError {
        // A search path often names a directory twice.
        let searched: BTreeSet<String> =
            self.search.directories().map(|path| format!("`{}`", path.display())).collect();
        let searched: Vec<String> = searched.into_iter().collect();
        CommandError::NotFound { name, searched: searched.join(", ") }
    }
}

impl CommandError {
    /// Why a run has no end to tell of.
    fn of(command: String, stopped: Stopped) -> Self {
        match stopped {
            Stopped::TimedOut(deadline) => Self::TimedOut { command, deadline },
            Stopped::TooMuchOutput(max_bytes) => Self::TooMuchOutput { command, max_bytes },
            Stopped::Watch(why) => Self::Run { command, source: io::Error::other(why) },
            Stopped::Io(source) => Self::Run { command, source },
        }
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

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
