//! `starttls completions`: completions for a shell.
//!
//! Exit: 0 done, 1 could not write.

use std::io::Write;

use clap::CommandFactory;

use crate::cli::Cli;
use crate::exit::Exit;

/// Print completions for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  starttls completions bash > /etc/bash_completion.d/starttls")]
pub(crate) struct Args {
    /// The shell.
    shell: clap_complete::Shell,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        // Into memory first: the library panics where it cannot write.
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "starttls", &mut text);
        let mut out = std::io::stdout().lock();
        out.write_all(&text)?;
        out.flush()?;
        Ok(Exit::Done)
    }
}
