//! The mail server of a command: found and asked, or assumed.

use std::path::{Path, PathBuf};

use starttls_apply::Commands;
use starttls_apply::commands::CommandError;
use starttls_apply::postfix::{DetectError, Detected, Instance};
use starttls_mta::{Facts, LeafPins};

use crate::settings::Settings;
use crate::settings::value::ServerVersion;

/// Which mail server is meant; overrules the settings.
#[derive(Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// The version to write for, as in `3.10.5`; `auto`, the default, asks the installed server, and assumes 3.7 if there
    /// is none.
    #[arg(long, value_name = "VERSION")]
    mta_version: Option<String>,

    /// Postfix's configuration directory; without it the default instance is asked.
    #[arg(long, value_name = "DIR")]
    postfix_config: Option<PathBuf>,

    /// Where Postfix's own commands are; without it they are looked for along PATH and in the system's directories.
    #[arg(long, value_name = "DIR")]
    postfix_commands: Option<PathBuf>,
}

/// The mail server that is meant, by option or setting.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    version: Option<String>,
    config: Option<PathBuf>,
    commands: Option<PathBuf>,
}

impl ServerArgs {
    /// What is named here, and what the settings say of the rest.
    pub(crate) fn server(&self, settings: &Settings) -> Server {
        let set = Server::of(settings);
        let version = match &self.mta_version {
            Some(version) => Some(version.clone()).filter(|version| version != "auto"),
            None => set.version,
        };
        Server {
            version,
            config: self.postfix_config.clone().or(set.config),
            commands: self.postfix_commands.clone().or(set.commands),
        }
    }
}

impl Server {
    /// What the settings say.
    pub(crate) fn of(settings: &Settings) -> Self {
        let set = &settings.postfix;
        let version = match &set.version.value {
            ServerVersion::Named(version) => Some(version.clone()),
            ServerVersion::Auto => None,
        };
        Self { version, config: set.config.value.clone(), commands: set.commands.value.clone() }
    }

    /// Its configuration directory and that of its commands, where they are named.
    pub(crate) fn directories(&self) -> (Option<PathBuf>, Option<PathBuf>) {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        (self.config.as_ref().map(absolute), self.commands.as_ref().map(absolute))
    }

    /// The version that the operator names.
    pub(crate) fn named_version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Whether text is wanted for another machine: a version is named and no place on this one.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.version.is_some() && self.config.is_none() && self.commands.is_none()
    }

    /// The instance that is meant.
    pub(crate) fn instance(&self) -> Instance {
        let commands = self.commands.as_ref().map_or_else(Commands::system, Commands::in_directory);
        Instance::new(commands, self.config.clone())
    }

    /// What the installed server says of itself; `None` if there is none, or text is wanted for another machine.
    pub(crate) fn ask(&self) -> Result<Option<Detected>, DetectError> {
        let is_meant = self.config.is_some() || self.commands.is_some();
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
