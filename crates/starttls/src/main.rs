//! `starttls`: makes mail between servers impossible to downgrade.
//!
//! Arguments, settings and wiring; what is done stands in the crates below. One file per command in `commands`.

mod choices;
mod cli;
mod clock;
mod commands;
mod compiled;
mod daemon;
mod decision;
mod exit;
mod generation;
mod inquiry;
mod kept;
mod known;
mod lists;
mod output;
#[cfg(test)]
mod reference;
mod server;
mod settings;
mod target;
mod update;
mod validity;
mod withdrawal;
mod witnesses;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use exit::Exit;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.run() {
        Ok(exit) => exit.into(),
        Err(error) if output::is_closed_pipe(&error) => Exit::Done.into(),
        Err(error) => {
            output::diagnostic::print(&error);
            Exit::of(&error).into()
        }
    }
}
