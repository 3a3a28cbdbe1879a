//! `starttls list build`: canonical bytes of a list, and the statement to be signed.
//!
//! Exit: 0 built, 1 could not, 3 refused (the serial does not grow, the list would live too long), 4 findings of severity
//! error.

use std::path::PathBuf;

use anyhow::Context as _;
use starttls_policy::{Domain, printable};
use starttls_publish::build::{self, Order, Previous, Serial};
use starttls_publish::{note_file, root, signing};
use starttls_trust::{Digest, Document};

use super::time::{End, When};
use crate::exit::Exit;
use crate::lists;
use crate::output::{Format, print_findings};

/// Build a list for signing: canonical bytes, and the small statement that organisations sign.
///
/// Lists of any dialect go in; a later one replaces entries, shared policies and pinsets of the same name. The same
/// inputs always give the same bytes, so that others can build it again and compare. Writes `list-SERIAL.json` and
/// `list-SERIAL.note`; neither replaces a file that says something else.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  starttls list build current.json changes.json --previous current.json --serial auto \\\n    --timestamp 2026-12-01T00:00:00Z --expires 180d --root root.1.note --output ceremony"
)]
pub(crate) struct Args {
    /// The lists to build from.
    #[arg(required = true, value_name = "LIST")]
    sources: Vec<String>,

    /// Leave out this domain; may be repeated.
    #[arg(long, value_name = "DOMAIN")]
    remove: Vec<Domain>,

    /// The serial, or `auto`: one more than the list before has.
    #[arg(long, value_name = "N", value_parser = serial)]
    serial: Serial,

    /// Who issues the list; without it, as the first list says.
    #[arg(long, value_name = "NAME")]
    author: Option<String>,

    /// When it is issued: a time, or `now`; without it SOURCE_DATE_EPOCH.
    #[arg(long, value_name = "TIME")]
    timestamp: Option<When>,

    /// When it ends at the latest: a time, or days as in `180d`; at most 400 days.
    #[arg(long, value_name = "TIME")]
    expires: End,

    /// The root in force; of several the newest.
    #[arg(long, value_name = "NOTE", required = true, num_args = 1..)]
    root: Vec<PathBuf>,

    /// The list that is published now.
    #[arg(long, value_name = "LIST", required_unless_present = "first", conflicts_with = "first")]
    previous: Option<String>,

    /// This is the first list that is ever published.
    #[arg(long)]
    first: bool,

    /// The directory to write to.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
}

fn serial(text: &str) -> Result<Serial, String> {
    if text == "auto" {
        return Ok(Serial::Next);
    }
    text.parse().map(Serial::Is).map_err(|_| "want a number, or `auto`".into())
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let timestamp = When::or_source_date_epoch(self.timestamp)?;
        let timestamp =
            timestamp.context("say when the list is issued: `--timestamp TIME`, or `now`")?.time();
        let previous = self.previous.as_deref().map(previous).transpose()?;
        let root = root::read_all(&self.root)?.pop().context("there is no root")?.root;
        let sources: Result<Vec<_>, _> = self.sources.iter().map(|file| lists::load(file)).collect();
        let order = Order {
            sources: sources?,
            removed: self.remove,
            author: self.author,
            serial: self.serial,
            timestamp,
            expires: self.expires.from(timestamp),
            root: root.version,
        };
        let built = build::build(order, previous.as_ref())?;
        let list = self.output.join(format!("list-{}.json", built.statement.serial));
        let note = self.output.join(format!("list-{}.note", built.statement.serial));
        let document = Document::from(built.statement);
        note_file::write_same(&list, built.text.as_bytes())?;
        note_file::write_same(&note, document.to_text().as_bytes())?;
        super::made::show(&note, &document, &signing::explain(&document, None)?, format)?;
        if format == Format::Text {
            print_findings(&mut anstream::stdout().lock(), &built.findings)?;
            let shown = |path: &PathBuf| printable(&path.to_string_lossy());
            anstream::eprintln!("wrote {} and {}; `starttls list review` them", shown(&list), shown(&note));
        }
        Ok(Exit::Done)
    }
}

/// The list before, with the hash of its bytes.
pub(super) fn previous(file: &str) -> anyhow::Result<Previous> {
    let bytes = lists::load_bytes(file)?;
    Ok(Previous { list: lists::parse(file, &bytes)?, sha256: Digest::of(&bytes) })
}
