//! The mail server of a command: found and asked, or assumed.

use std::path::{Path, PathBuf};

use starttls_apply::Commands;
use starttls_apply::commands::CommandError;
use starttls_apply::postfix::{DetectError, Detected, Instance};
use starttls_mta::{Facts, LeafPins};

/// Which mail server is meant.
#[derive(Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// The version to write for, as in `3.10.5`; `auto` asks the installed server, and assumes 3.7 if there is none.
    #[arg(long, value_name = "VERSION", default_value = "auto")]
    mta_version: String,

    /// Postfix's configuration directory; without it the default instance is asked.
    #[arg(long, value_name = "DIR")]
    postfix_config: Option<PathBuf>,

    /// Where Postfix's own commands are; without it they are looked for along PATH and in the system's directories.
    #[arg(long, value_name = "DIR")]
    postfix_commands: Option<PathBuf>,
}

impl ServerArgs {
    /// The version that the operator names.
    pub(crate) fn named_version(&self) -> Option<&str> {
        (self.mta_version != "auto").then_some(self.mta_version.as_str())
    }

    /// The instance that is meant.
    pub(crate) fn instance(&self) -> Instance {
        let commands = self.postfix_commands.as_ref().map_or_else(Commands::system, Commands::in_directory);
        Instance::new(commands, self.postfix_config.clone())
    }

    /// What the installed server says of itself; `None` if there is none, or text is wanted for another machine.
    pub(crate) fn ask(&self) -> Result<Option<Detected>, DetectError> {
        let is_meant = self.postfix_config.is_some() || self.postfix_commands.is_some();
        if self.named_version().is_some() && !is_meant {
            return Ok(None);
        }
        match Detected::ask(&self.instance()) {
            Ok(detected) => Ok(Some(detected)),
            Err(DetectError::Command(CommandError::NotFound { .. })) if !is_meant => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The facts for files in `directory`.
    pub(crate) fn facts(
        &self,
        detected: Option<&Detected>,
        directory: &Path,
        table: Option<String>,
        leaf_pins: LeafPins,
    ) -> Facts {
        let mut facts = match detected {
            Some(detected) => detected.facts(directory, table, leaf_pins),
            None => {
                Facts { directory: directory.display().to_string(), table, leaf_pins, ..Facts::default() }
            }
        };
        if let Some(version) = self.named_version() {
            facts.version = Some(version.to_owned());
        }
        facts
    }
}
