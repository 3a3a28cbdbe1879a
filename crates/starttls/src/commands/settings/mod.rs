//! `starttls settings`: the settings file, checked and shown.

mod check;
mod show;

use clap::Subcommand;

use crate::exit::Exit;
use crate::output::Format;
use crate::settings::SettingsArgs;

/// Each command's help stands with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(check::Args),
    Show(show::Args),
}

impl Command {
    pub(crate) fn run(self, settings: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        match self {
            Self::Check(args) => args.run(settings, format),
            Self::Show(args) => args.run(settings, format),
        }
    }
}
