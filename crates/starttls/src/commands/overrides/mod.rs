//! `starttls override`: the operator's word on single domains.

mod add;
mod list;
mod remove;

use clap::Subcommand;
use starttls_sources::overrides::Actor;

use crate::exit::Exit;
use crate::output::Format;
use crate::settings::SettingsArgs;

/// What makes an override count.
const COUNTS: &str = "a running `starttls daemon` follows it within seconds, tables from the next `starttls generate … --activate` or \
                      `starttls update` on";

/// Each command's help stands with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(add::Args),
    List(list::Args),
    Remove(remove::Args),
}

impl Command {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        match self {
            Self::Add(args) => args.run(place, format),
            Self::List(args) => args.run(place, format),
            Self::Remove(args) => args.run(place, format),
        }
    }
}

/// Who runs this: through sudo whoever called it, else the user's number.
fn actor() -> Actor {
    let uid = rustix::process::getuid();
    // Whoever is not root could put any name there.
    let caller = std::env::var("SUDO_USER").ok().filter(|_| uid.is_root());
    caller.and_then(|name| Actor::parse(&name)).unwrap_or_else(|| Actor::uid(uid.as_raw()))
}
