//! The command line: one line per command.

use clap::{Parser, Subcommand};

use crate::commands;
use crate::exit::{self, Exit};
use crate::output::Format;
use crate::settings::SettingsArgs;

/// Makes mail between servers impossible to downgrade.
///
/// Mail servers encrypt to each other only if nobody on the way objects. `starttls` reads a list of what recipient
/// domains can do, decides what to demand of each, and writes the configuration that makes your mail server demand
/// it. Start with `starttls list check FILE`, then `starttls generate --mta postfix --list FILE`: neither changes
/// anything.
#[derive(Debug, Parser)]
#[command(name = "starttls", version, after_help = exit::HELP, max_term_width = 100)]
pub(crate) struct Cli {
    /// How to print the result.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    settings: SettingsArgs,

    #[command(subcommand)]
    command: Command,
}

/// Each command's help stands with its arguments.
#[derive(Debug, Subcommand)]
enum Command {
    /// Check, show, convert and compare policy lists.
    #[command(subcommand)]
    List(commands::list::Command),
    Generate(commands::generate::Args),
    Query(commands::query::Args),
    Why(commands::why::Args),
    /// Override everything for single domains, until a date and for a reason.
    #[command(subcommand)]
    Override(commands::overrides::Command),
    /// Check and show the settings.
    #[command(subcommand)]
    Settings(commands::settings::Command),
    Daemon(commands::daemon::Args),
    Reload(commands::reload::Args),
    /// Show and forget what the running daemon has learnt.
    #[command(subcommand)]
    Cache(commands::cache::Command),
    Update(commands::update::Args),
    Status(commands::status::Args),
    Withdraw(commands::withdraw::Args),
    Completions(commands::completions::Args),
    Man(commands::man::Args),
}

impl Cli {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::List(command) => command.run(self.format),
            Command::Generate(args) => args.run(&self.settings, self.format),
            Command::Query(args) => args.run(&self.settings, self.format),
            Command::Why(args) => args.run(&self.settings, self.format),
            Command::Override(command) => command.run(&self.settings, self.format),
            Command::Settings(command) => command.run(&self.settings, self.format),
            Command::Daemon(args) => args.run(&self.settings),
            Command::Reload(_) => commands::reload::Args::run(&self.settings),
            Command::Cache(command) => command.run(&self.settings, self.format),
            Command::Update(args) => args.run(&self.settings, self.format),
            Command::Status(args) => args.run(&self.settings, self.format),
            Command::Withdraw(args) => args.run(&self.settings),
            Command::Completions(args) => args.run(),
            Command::Man(args) => args.run(),
        }
    }
}
