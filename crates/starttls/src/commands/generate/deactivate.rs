//! `--deactivate`: the table leaves main.cf, Postfix forgets it, and only then files are deleted.

use std::io::Write as _;
use std::path::Path;

use owo_colors::OwoColorize;
use serde_json::json;
use starttls_apply::postfix::{self, Deactivated, Leftovers, Running};

use super::{Request, write};
use crate::exit::Exit;
use crate::output::{self, Format};

pub(super) fn run(request: &Request, output: &Path, format: Format) -> anyhow::Result<Exit> {
    let generations = write::open(output)?;
    let done = postfix::deactivate(&request.server.instance(), &generations, Leftovers::Delete)?;
    match format {
        Format::Text => print(&done)?,
        Format::Json => output::print_json(&json!({
            "mta": request.args.mta,
            "was_active": done.was_active,
            "reloaded": done.running == Running::Yes,
            "diff": done.diff,
            "kept_settings": done.kept,
            "undeleted": done.undeleted,
        }))?,
    }
    Ok(Exit::Done)
}

fn print(done: &Deactivated) -> std::io::Result<()> {
    let mut err = anstream::stderr().lock();
    if !done.was_active {
        writeln!(err, "main.cf did not name our table; nothing changed there")?;
    }
    for line in done.diff.lines() {
        writeln!(err, "  {line}")?;
    }
    for name in &done.kept {
        writeln!(err, "{} `{name}` was changed since the activation, so it stays as it is", "note:".bold())?;
    }
    for file in &done.undeleted {
        writeln!(err, "{} {file}; nothing uses it any more", "warning:".yellow().bold())?;
    }
    match (done.was_active, done.running) {
        (true, Running::Yes) => {
            writeln!(err, "{} Postfix was reloaded without our table", "deactivated:".green().bold())
        }
        (true, Running::No) => writeln!(
            err,
            "{} Postfix does not run; it starts without our table",
            "deactivated:".green().bold()
        ),
        (false, _) => Ok(()),
    }
}
