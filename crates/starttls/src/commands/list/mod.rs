//! `starttls list`: policy lists, looked at and transformed.

mod check;
mod compile;
mod convert;
mod diff;
mod show;

use clap::Subcommand;

use crate::exit::Exit;
use crate::output::Format;

/// Each command's help stands with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(check::Args),
    Compile(compile::Args),
    Convert(convert::Args),
    Diff(diff::Args),
    Show(show::Args),
}

impl Command {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        match self {
            Self::Check(args) => args.run(format),
            Self::Compile(args) => args.run(format),
            Self::Convert(args) => args.run(),
            Self::Diff(args) => args.run(format),
            Self::Show(args) => args.run(format),
        }
    }
}
