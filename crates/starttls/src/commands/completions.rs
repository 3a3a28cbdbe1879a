//! `starttls completions`: completions for a shell.
//!
//! Exit: 0 done.

use clap::CommandFactory;

use crate::cli::Cli;
use crate::exit::Exit;

/// Print completions for a shell.
///
/// For bash: `starttls completions bash > /etc/bash_completion.d/starttls`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell.
    shell: clap_complete::Shell,
}

impl Args {
    pub(crate) fn run(self) -> Exit {
        clap_complete::generate(self.shell, &mut Cli::command(), "starttls", &mut std::io::stdout());
        Exit::Done
    }
}
