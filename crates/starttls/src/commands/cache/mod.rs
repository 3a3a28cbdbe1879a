//! `starttls cache`: what the running daemon has learnt.

mod purge;
mod show;

use crate::exit::Exit;
use crate::output::Format;
use crate::settings::SettingsArgs;

/// Each command's help stands with its arguments.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Show(show::Args),
    Purge(purge::Args),
}

impl Command {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        match self {
            Self::Show(args) => args.run(place, format),
            Self::Purge(args) => args.run(place, format),
        }
    }
}
