//! `starttls list init-root`: the first root, from a template.
//!
//! Exit: 0 made, 1 could not, or the template makes no root.

use std::path::PathBuf;

use starttls_publish::root::{self, Template};
use starttls_publish::signing;
use starttls_trust::Document;

use super::time::When;
use crate::exit::Exit;
use crate::output::Format;

/// Make the first root: organisations, their keys and thresholds, the log and its witnesses.
///
/// The template is TOML or JSON; docs/maintainer-ceremony.md explains it. What comes out is not signed yet: every
/// organisation runs `starttls list sign` on it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  starttls list init-root root.toml --output root.1.note\n  starttls list sign root.1.note --key alpha.key"
)]
pub(crate) struct Args {
    /// The template.
    template: PathBuf,

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
        let timestamp = When::or_source_date_epoch(self.timestamp)?.unwrap_or(When::Now).time();
        let document = Document::from(root::first(&template, timestamp)?);
        super::made::write(&self.output, &document, &signing::explain(&document, None)?, format)
    }
}
