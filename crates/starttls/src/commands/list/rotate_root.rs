//! `starttls list rotate-root`: the next root, from a changed template.
//!
//! Exit: 0 made, 1 could not, or the template makes no root or changes nothing.

use std::path::PathBuf;

use anyhow::Context as _;
use starttls_publish::root::{self, Template};
use starttls_publish::signing;
use starttls_trust::Document;

use super::time::When;
use crate::exit::Exit;
use crate::output::Format;

/// Make the next root from a changed template, and show what changes.
///
/// It must be signed by enough organisations of the root before and of the new one; a new organisation signs too.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  starttls list rotate-root root.toml --root root.1.note --output root.2.note"
)]
pub(crate) struct Args {
    /// The changed template.
    template: PathBuf,

    /// The root in force; of several the newest.
    #[arg(long, value_name = "NOTE", required = true, num_args = 1..)]
    root: Vec<PathBuf>,

    /// The file to make.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,

    /// When it is made: a time, or `now`; without it SOURCE_DATE_EPOCH, else now.
    #[arg(long, value_name = "TIME")]
    timestamp: Option<When>,
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let template = Template::read(&self.template)?;
        let current = root::read_all(&self.root)?.pop().context("there is no root")?.root;
        let timestamp = When::or_source_date_epoch(self.timestamp)?.unwrap_or(When::Now).time();
        let document = Document::from(root::next(&template, &current, timestamp)?);
        super::made::write(&self.output, &document, &signing::explain(&document, Some(&current))?, format)
    }
}
