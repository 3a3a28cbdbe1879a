//! `starttls list`: policy lists, looked at and transformed; built, signed and published.

mod build;
mod check;
mod compile;
mod convert;
mod diff;
mod init_root;
mod key;
mod log;
mod made;
mod publish;
mod refresh;
mod relax;
mod review;
mod rotate_root;
mod show;
mod sign;
mod time;
mod witness;

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
    /// Make and show the keys of organisations, witnesses and logs.
    #[command(subcommand)]
    Key(key::Command),
    InitRoot(init_root::Args),
    RotateRoot(rotate_root::Args),
    Build(build::Args),
    Review(review::Args),
    Sign(sign::Args),
    Publish(publish::Args),
    Refresh(refresh::Args),
    /// Weaken some entries for some days, in an emergency, without a new list.
    #[command(subcommand)]
    Relax(relax::Command),
    /// Look a published log over.
    #[command(subcommand)]
    Log(log::Command),
    /// Watch logs, and vouch for those that only grow.
    #[command(subcommand)]
    Witness(witness::Command),
}

impl Command {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        match self {
            Self::Check(args) => args.run(format),
            Self::Compile(args) => args.run(format),
            Self::Convert(args) => args.run(),
            Self::Diff(args) => args.run(format),
            Self::Show(args) => args.run(format),
            Self::Key(command) => command.run(format),
            Self::InitRoot(args) => args.run(format),
            Self::RotateRoot(args) => args.run(format),
            Self::Build(args) => args.run(format),
            Self::Review(args) => args.run(format),
            Self::Sign(args) => args.run(format),
            Self::Publish(args) => args.run(format),
            Self::Refresh(args) => args.run(format),
            Self::Relax(command) => command.run(format),
            Self::Log(command) => command.run(format),
            Self::Witness(command) => command.run(),
        }
    }
}
