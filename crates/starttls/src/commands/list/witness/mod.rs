//! `starttls list witness`: a witness for the logs of others.

mod serve;

use clap::Subcommand;

use crate::exit::Exit;

/// Each command's help stands with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(serve::Args),
}

impl Command {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self {
            Self::Serve(args) => args.run(),
        }
    }
}
