//! `starttls man`: the manual pages, made from the same words as `--help`.
//!
//! Exit: 0 done, 1 could not write.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::CommandFactory;

use crate::cli::Cli;
use crate::exit::Exit;

/// Print the manual page, or write the pages of all commands.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  starttls man | man -l -\n  starttls man --output /usr/local/share/man/man1"
)]
pub(crate) struct Args {
    /// Write one page per command into this directory.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let command = Cli::command();
        if let Some(directory) = self.output {
            std::fs::create_dir_all(&directory)
                .and_then(|()| clap_mangen::generate_to(command, &directory))
                .with_context(|| format!("cannot write manual pages to {}", directory.display()))?;
        } else {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            let mut out = std::io::stdout().lock();
            out.write_all(&page)?;
            out.flush()?;
        }
        Ok(Exit::Done)
    }
}
