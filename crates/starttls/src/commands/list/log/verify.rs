//! `starttls list log verify`: a published directory, looked over whole.
//!
//! Exit: 0 all is well, 1 there is nothing to look at, 3 something is not as it should be.

use std::path::PathBuf;

use serde_json::json;
use starttls_policy::printable;
use starttls_publish::audit::{self, Audit};
use starttls_publish::root;

use crate::exit::Exit;
use crate::output::{self, Format, facts};

/// Look over a published directory, or a mirror of one: compute the log anew and compare everything with that.
///
/// Every leaf must be a document that is there under its hash, what is in force must never have gone back, and the log must
/// end with a manifest. With a root the log's signature and the witnesses' are checked too.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  starttls list log verify public --root root.1.note")]
pub(crate) struct Args {
    /// The published directory.
    directory: PathBuf,

    /// The root in force, of several the newest.
    #[arg(long, value_name = "NOTE", num_args = 1..)]
    root: Vec<PathBuf>,
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let root = root::read_all(&self.root)?.pop().map(|one| one.root);
        let audit = audit::audit(&self.directory, root.as_ref())?;
        match format {
            Format::Text => print(&audit)?,
            Format::Json => output::print_json(&json!({
                "origin": audit.origin,
                "size": audit.head.size,
                "hash": audit.head.hash,
                "leaves": audit.leaves.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect::<serde_json::Map<_, _>>(),
                "files": audit.files,
                "quorum_time": audit.quorum_time.map(|time| time.to_string()),
                "mismatches": audit.mismatches.iter().map(|one| json!({ "path": one.path, "fact": one.fact })).collect::<Vec<_>>(),
            }))?,
        }
        Ok(if audit.mismatches.is_empty() { Exit::Done } else { Exit::Refused })
    }
}

fn print(audit: &Audit) -> anyhow::Result<()> {
    let mut all = vec![
        ("log", printable(&audit.origin)),
        ("size", format!("{} leaves", audit.head.size)),
        ("compared", format!("{} tiles and bundles", audit.files)),
    ];
    all.extend(audit.leaves.iter().map(|(name, count)| (*name, count.to_string())));
    all.extend(audit.quorum_time.map(|time| ("witnessed", time.to_string())));
    all.extend(audit.mismatches.iter().map(|one| ("wrong", printable(&one.to_string()))));
    let verdict = if audit.mismatches.is_empty() { "all is well" } else { "not as it should be" };
    facts::print(&mut anstream::stdout().lock(), verdict, &all)?;
    Ok(())
}
