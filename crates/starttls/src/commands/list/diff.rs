//! `starttls list diff`: what changes from one list to the next, in words.
//!
//! Exit: 0 compared, 1 could not read a list.

use starttls_policy::diff;

use crate::exit::Exit;
use crate::lists;
use crate::output::{self, Format};

/// Explain in words what changes from one list to another.
///
/// Who is added, tightened, relaxed or removed; a change to a shared policy once, with how many domains it touches; and
/// each MX change with all that it touches, widest first. The lists may be of different versions.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  starttls list diff yesterday.json today.json")]
pub(crate) struct Args {
    /// The older list.
    old: String,

    /// The newer list.
    new: String,
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let (old, new) = (lists::load(&self.old)?, lists::load(&self.new)?);
        let diff = diff::between(&old, &new);
        match format {
            Format::Text => output::change::print(&diff)?,
            Format::Json => output::print_json(&output::change::json(&diff))?,
        }
        Ok(Exit::Done)
    }
}
