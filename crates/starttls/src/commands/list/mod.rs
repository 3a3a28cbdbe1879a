//! `starttls list`: policy lists, looked at and transformed.

mod check;
mod convert;
mod diff;
mod show;

use clap::Subcommand;

use crate::exit::Exit;
use crate::output::Format;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check lists: counts per mode, warnings, errors.
    Check(check::Args),
    /// Write a list in another version of the format.
    Convert(convert::Args),
    /// Explain in words what changes from one list to another.
    Diff(diff::Args),
    /// Show a list, or one domain of it.
    Show(show::Args),
}

impl Command {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        match self {
            Self::Check(args) => args.run(format),
            Self::Convert(args) => args.run(),
            Self::Diff(args) => args.run(format),
            Self::Show(args) => args.run(format),
        }
    }
}
