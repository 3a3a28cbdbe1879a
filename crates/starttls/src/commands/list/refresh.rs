//! `starttls list refresh`: fresh cosignatures for what is published.
//!
//! Exit: 0 refreshed, 1 too few witnesses answered, or could not, 3 refused: clients would not accept it.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;
use starttls_publish::publication;
use starttls_publish::root;
use starttls_trust::Anchor;

use crate::clock;
use crate::exit::Exit;
use crate::output::{self, Format, facts};
use crate::witnesses::Witnesses;

/// Have the published log cosigned anew, so that clients know it is fresh.
///
/// Needs no key; run it by a timer (packaging/systemd/starttls-list-refresh.timer). If too few witnesses answer, what is
/// published stays as it is, and who did not answer is named.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  starttls list refresh public --root root.1.note")]
pub(crate) struct Args {
    /// The published directory.
    directory: PathBuf,

    /// The root that you trust, of several the oldest.
    #[arg(long, value_name = "NOTE", required = true, num_args = 1..)]
    root: Vec<PathBuf>,

    /// Copies of the published checkpoint that witnesses cosigned; other witnesses are asked at their URL in the root.
    #[arg(long, value_name = "NOTE", num_args = 1..)]
    cosigned: Vec<PathBuf>,
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let roots = root::read_all(&self.root)?;
        let anchor = Anchor::parse(&roots.first().context("there is no root")?.note.to_bytes())?;
        let witnesses = Witnesses::new(&self.cosigned)?;
        let refreshed = publication::refresh(&self.directory, &anchor, &witnesses, clock::now())
            .context("the cosignatures stay as they were")?;
        let (time, end) = (refreshed.quorum_time.to_string(), refreshed.effective_end.to_string());
        let silent = refreshed.unanswered.iter();
        match format {
            Format::Text => {
                let mut all = vec![("witnessed", time), ("ends", end)];
                all.extend(silent.map(|one| ("no answer", format!("{}: {}", one.organisation, one.cause))));
                facts::print(&mut anstream::stdout().lock(), "refreshed", &all)?;
            }
            Format::Json => output::print_json(&json!({
                "quorum_time": time,
                "effective_end": end,
                "unanswered": silent.map(|one| json!({ "organisation": one.organisation, "cause": one.cause })).collect::<Vec<_>>(),
            }))?,
        }
        Ok(Exit::Done)
    }
}
