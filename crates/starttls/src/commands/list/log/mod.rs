//! `starttls list log`: published logs.

mod verify;

use clap::Subcommand;

use crate::exit::Exit;
use crate::output::Format;

/// Each command's help stands with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Verify(verify::Args),
}

impl Command {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        match self {
            Self::Verify(args) => args.run(format),
        }
    }
}
