//! `starttls list key`: keys of organisations, witnesses and logs.

mod new;
mod show;

use clap::Subcommand;

use crate::exit::Exit;
use crate::output::Format;

/// Each command's help stands with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(new::Args),
    Show(show::Args),
}

impl Command {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        match self {
            Self::New(args) => args.run(format),
            Self::Show(args) => args.run(format),
        }
    }
}
