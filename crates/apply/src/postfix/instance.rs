//! One Postfix instance: a configuration directory, and the tools that answer for it.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::commands::{Answer, Call, CommandError, Commands, Messages};

/// `postconf` reads a few files; more than this is a machine in trouble.
const POSTCONF_DEADLINE: Duration = Duration::from_secs(20);
/// Looking up a whole list in one table.
const LOOK_UP_DEADLINE: Duration = Duration::from_mins(2);
/// Building a table of ten million lines on a slow disk.
const BUILD_DEADLINE: Duration = Duration::from_mins(30);
/// `postfix reload` starts a shell script that checks ownership of a few directories.
const CONTROL_DEADLINE: Duration = Duration::from_mins(1);
/// All settings of a release come to 40 kB.
const SETTINGS_MAX_BYTES: usize = 4 * 1024 * 1024;
/// Answers of a bulk look-up; what goes beyond is counted as "and more".
pub(super) const LOOK_UP_MAX_BYTES: usize = 16 * 1024 * 1024;
const MESSAGES_MAX_BYTES: usize = 256 * 1024;

/// A Postfix instance.
#[derive(Clone, Debug)]
pub struct Instance {
    commands: Commands,
    config: Option<PathBuf>,
}

/// Whether the mail system of an instance is up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Running {
    /// The master process lives.
    Yes,
    /// It does not; the configuration counts from the next start on.
    No,
}

impl Instance {
    /// The instance with its configuration in `config`; the default one when `None`.
    pub fn new(commands: Commands, config: Option<PathBuf>) -> Self {
        Self { commands, config }
    }

    /// The tools that answer for it.
    pub fn commands(&self) -> &Commands {
        &self.commands
    }

    /// Its configuration directory; `None` for the default instance.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// The same tools, asked about another directory.
    pub(super) fn with_config(&self, config: &Path) -> Self {
        Self { commands: self.commands.clone(), config: Some(config.to_owned()) }
    }

    /// Asks `postconf`.
    pub(super) fn postconf(&self, arguments: &[&str]) -> Result<String, CommandError> {
        let call = Call {
            deadline: POSTCONF_DEADLINE,
            max_bytes: SETTINGS_MAX_BYTES,
            ..self.call("postconf", arguments.iter().map(Into::into).collect())
        };
        Ok(self.commands.demand(call)?.output)
    }

    /// Builds the indexed form of a text table beside it.
    pub(super) fn build(&self, table: &str) -> Result<(), CommandError> {
        let call = Call { deadline: BUILD_DEADLINE, ..self.call("postmap", vec![table.into()]) };
        self.commands.demand(call).map(|_| ())
    }

    /// Looks up every line of `keys` in a table; the answers are lines of key, TAB, value.
    pub(super) fn look_up(&self, keys: File, table: &str) -> Result<String, CommandError> {
        let arguments = vec!["-q".into(), "-".into(), table.into()];
        let call = Call {
            input: Some(keys),
            deadline: LOOK_UP_DEADLINE,
            max_bytes: LOOK_UP_MAX_BYTES,
            ..self.call("postmap", arguments)
        };
        let command = call.spelled();
        let Answer { code, output, messages } = self.commands.run(call)?;
        // Exit code 1 with no words says that no key was found.
        match code {
            Some(0) => Ok(output),
            Some(1) if !has_trouble(&messages) => Ok(output),
            _ => Err(CommandError::Failed { command, code, messages }),
        }
    }

    /// Lists the entries of a table; lines of key, TAB, value.
    pub(super) fn entries(&self, table: &str) -> Result<String, CommandError> {
        let call = Call {
            deadline: LOOK_UP_DEADLINE,
            max_bytes: LOOK_UP_MAX_BYTES,
            ..self.call("postmap", vec!["-s".into(), table.into()])
        };
        Ok(self.commands.demand(call)?.output)
    }

    /// Tells whether the mail system runs.
    pub(super) fn running(&self) -> Result<Running, CommandError> {
        let call = self.control("status");
        let command = call.spelled();
        let Answer { code, messages, .. } = self.commands.run(call)?;
        match code {
            Some(0) => Ok(Running::Yes),
            Some(_) if messages.contains("not running") => Ok(Running::No),
            _ => Err(CommandError::Failed { command, code, messages }),
        }
    }

    /// Has the running mail system read its configuration again.
    pub(super) fn reload(&self) -> Result<(), CommandError> {
        self.commands.demand(self.control("reload")).map(|_| ())
    }

    /// Runs `posttls-finger`; its exit code says nothing, its words do.
    pub(super) fn finger(
        &self,
        arguments: Vec<OsString>,
        deadline: Duration,
    ) -> Result<Answer, CommandError> {
        self.commands.run(Call { deadline, ..self.call("posttls-finger", arguments) })
    }

    fn control(&self, verb: &str) -> Call {
        Call {
            // Without a terminal `postfix` speaks to the mail log alone.
            messages: Messages::Terminal,
            deadline: CONTROL_DEADLINE,
            ..self.call("postfix", vec![verb.into()])
        }
    }

    fn call(&self, name: &'static str, arguments: Vec<OsString>) -> Call {
        let mut all: Vec<OsString> = Vec::new();
        let mut environment = Vec::new();
        if let Some(config) = &self.config {
            // `posttls-finger` takes another meaning from `-c`; the variable serves all.
            environment.push(("MAIL_CONFIG", config.as_os_str().to_owned()));
            if name != "posttls-finger" {
                all.extend(["-c".into(), config.as_os_str().to_owned()]);
            }
        }
        all.extend(arguments);
        Call {
            name,
            arguments: all,
            environment,
            input: None,
            messages: Messages::Pipe,
            deadline: POSTCONF_DEADLINE,
            max_bytes: MESSAGES_MAX_BYTES,
        }
    }
}

/// Tells whether a tool complained of more than a file that is older than its source.
fn has_trouble(messages: &str) -> bool {
    messages
        .lines()
        .any(|line| ["fatal:", "error:", "panic:", "lookup"].iter().any(|word| line.contains(word)))
}
