//! `starttls list review`: what a list changes, and whether its statement is true.
//!
//! Exit: 0 the statement is true, 1 could not read, 3 refused: something in it is not true.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use owo_colors::OwoColorize;
use serde_json::json;
use starttls_policy::diff;
use starttls_publish::build::Previous;
use starttls_publish::{note_file, review, signing};
use starttls_trust::Document;

use super::build::previous;
use crate::exit::Exit;
use crate::lists;
use crate::output::{self, Format, change, facts};

/// Explain what a list changes, and check that its statement is true, before it is signed.
///
/// Shows who is added, tightened, relaxed or removed, and how far each change of a shared policy reaches. Every number
/// of the statement is computed anew from the list at hand.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  starttls list review ceremony/list-43.note --previous current.json")]
pub(crate) struct Args {
    /// The statement that `starttls list build` wrote, signed or not.
    statement: PathBuf,

    /// The list; without it, the file beside the statement whose name ends in `.json` instead of `.note`.
    #[arg(long, value_name = "LIST")]
    list: Option<PathBuf>,

    /// The list that is published now.
    #[arg(long, value_name = "LIST", required_unless_present = "first", conflicts_with = "first")]
    previous: Option<String>,

    /// This is the first list that is ever published.
    #[arg(long)]
    first: bool,
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let document = note_file::read(&self.statement)?.document;
        let Document::List(statement) = &document else {
            bail!("this is a document of type `{}`; review wants a list's statement", document.type_name());
        };
        let file = self.list.unwrap_or_else(|| self.statement.with_extension("json"));
        let file = file.to_str().context("the list's file name is not UTF-8; rename it")?;
        let bytes = lists::load_bytes(file)?;
        let list = lists::parse(file, &bytes)?;
        let before = self.previous.as_deref().map(previous).transpose()?;
        let mismatches = review::mismatches(statement, &list, &bytes, before.as_ref());
        let changes = before.as_ref().map(|before: &Previous| diff::between(&before.list, &list));
        match format {
            Format::Text => {
                let explained = signing::explain(&document, None)?;
                facts::print(&mut anstream::stdout().lock(), &explained.title, &explained.facts)?;
                if let Some(changes) = &changes {
                    change::print(changes)?;
                }
                let mut out = anstream::stdout().lock();
                for mismatch in &mismatches {
                    writeln!(out, "{} {mismatch}", "untrue:".red().bold())?;
                }
                if mismatches.is_empty() {
                    writeln!(out, "{}", "everything in the statement is true of the list".green())?;
                } else {
                    writeln!(out, "do not sign it; build it again ({} untrue)", mismatches.len())?;
                }
            }
            Format::Json => output::print_json(&json!({
                "true": mismatches.is_empty(),
                "mismatches": mismatches.iter().map(|one| json!({
                    "what": one.what, "stated": one.stated, "found": one.found,
                })).collect::<Vec<_>>(),
                "statement": document,
                "changes": changes.as_ref().map(change::json),
            }))?,
        }
        Ok(if mismatches.is_empty() { Exit::Done } else { Exit::Refused })
    }
}
