//! `starttls list relax new`: an order that lets entries count as `testing` for some days.
//!
//! Exit: 0 made, 1 could not, 3 refused: clients would not honour it.

use std::path::PathBuf;

use starttls_policy::{Domain, Label};
use starttls_publish::{relax, signing};
use starttls_trust::Document;
use starttls_trust::document::RelaxOrder;

use crate::commands::list::made;
use crate::commands::list::time::{End, When};
use crate::exit::Exit;
use crate::lists;
use crate::output::Format;

/// Make an order to relax: the named domains count as `testing` for at most 14 days.
///
/// It is signed with `starttls list sign` by the organisation that it names, published with `starttls list publish --relax`,
/// and ends by itself. At most one entry in a hundred, or twenty, may be relaxed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  starttls list relax new --organisation alpha --domain example.org --reason 'certificate lost' --days 3 \\\n    --list public/list.json --output relax.note"
)]
pub(crate) struct Args {
    /// In whose name: an organisation of the root.
    #[arg(long, value_name = "NAME")]
    organisation: String,

    /// A domain to relax; may be repeated.
    #[arg(long, value_name = "DOMAIN", required_unless_present = "provider")]
    domain: Vec<Domain>,

    /// A provider whose domains are all relaxed; may be repeated.
    #[arg(long, value_name = "NAME", value_parser = label)]
    provider: Vec<Label>,

    /// Why; everybody can read it.
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// For how many days.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=14))]
    days: u32,

    /// From when on: a time, or `now`.
    #[arg(long, value_name = "TIME", default_value = "now")]
    timestamp: When,

    /// The published list.
    #[arg(long, value_name = "LIST")]
    list: String,

    /// The file to make.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

fn label(text: &str) -> Result<Label, String> {
    Label::parse(text).map_err(|error| error.to_string())
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let timestamp = self.timestamp.time();
        let order = RelaxOrder {
            organisation: self.organisation,
            timestamp,
            expires: End::After { days: self.days }.from(timestamp),
            reason: self.reason,
            domains: self.domain,
            providers: self.provider,
        };
        let document = Document::from(relax::order(order, &lists::load(&self.list)?)?);
        made::write(&self.output, &document, &signing::explain(&document, None)?, format)
    }
}
