//! `starttls list relax`: orders for emergencies, which can only weaken.

mod cancel;
mod new;

use clap::Subcommand;

use crate::exit::Exit;
use crate::output::Format;

/// Each command's help stands with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(new::Args),
    Cancel(cancel::Args),
}

impl Command {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        match self {
            Self::New(args) => args.run(format),
            Self::Cancel(args) => args.run(format),
        }
    }
}
