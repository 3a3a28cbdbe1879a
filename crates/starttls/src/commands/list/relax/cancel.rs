//! `starttls list relax cancel`: take an order to relax back.
//!
//! Exit: 0 made, 1 could not.

use std::path::PathBuf;

use anyhow::bail;
use starttls_publish::{note_file, relax, signing};
use starttls_trust::{Digest, Document};

use crate::commands::list::made;
use crate::commands::list::time::When;
use crate::exit::Exit;
use crate::output::Format;

/// Take an order to relax back: its domains are enforced again as soon as clients hear of it.
///
/// Any organisation may do so but those that signed the order. It is signed with `starttls list sign` and published with
/// `starttls list publish --relax`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  starttls list relax cancel relax.note --organisation beta --reason 'the certificate is back' --output cancel.note"
)]
pub(crate) struct Args {
    /// The order.
    order: PathBuf,

    /// In whose name: an organisation of the root.
    #[arg(long, value_name = "NAME")]
    organisation: String,

    /// Why; everybody can read it.
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// When: a time, or `now`.
    #[arg(long, value_name = "TIME", default_value = "now")]
    timestamp: When,

    /// The file to make.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let order = note_file::read(&self.order)?;
        if !matches!(order.document, Document::Relax(_)) {
            bail!("this is a document of type `{}`, no order to relax", order.document.type_name());
        }
        let order = Digest::of(order.note.text().as_bytes());
        let cancel = relax::cancel(order, self.organisation, self.timestamp.time(), self.reason)?;
        let document = Document::from(cancel);
        made::write(&self.output, &document, &signing::explain(&document, None)?, format)
    }
}
