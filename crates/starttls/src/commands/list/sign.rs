//! `starttls list sign`: add a signature to a statement, a root, or an order to relax.
//!
//! Exit: 0 signed, 1 could not, or the answer was another, 3 refused: this key does not sign that.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::PathBuf;

use anyhow::bail;
use serde_json::json;
use starttls_policy::printable;
use starttls_publish::signing::{self, Explained};
use starttls_publish::{key_file, note_file, root};

use crate::exit::Exit;
use crate::output::{self, Format, facts};

/// Sign a list's statement, a root, or an order to relax, on a machine that needs no network.
///
/// Shows in words what is signed, asks for its serial or version, and adds the signature to the file. With `--join`
/// adds the signatures of other copies instead.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  starttls list sign list-43.note --key alpha.key --root root.1.note\n  starttls list sign list-43.note --join from-beta/list-43.note"
)]
pub(crate) struct Args {
    /// The file to sign; it is replaced by itself with one signature more.
    file: PathBuf,

    /// The secret key.
    #[arg(long, value_name = "FILE", required_unless_present = "join", conflicts_with = "join")]
    key: Option<PathBuf>,

    /// The root in force (of several the newest): whether the key may sign is checked, and a new root shows its changes.
    #[arg(long, value_name = "NOTE", num_args = 1..)]
    root: Vec<PathBuf>,

    /// Copies of the file that others signed.
    #[arg(long, value_name = "NOTE", num_args = 1..)]
    join: Vec<PathBuf>,

    /// Write the signed copy there, and leave the file as it is.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Sign without asking.
    #[arg(long)]
    yes: bool,
}

/// More than anybody types.
const MAX_ANSWER_BYTES: u64 = 1024;

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let output = self.output.as_ref().unwrap_or(&self.file);
        let file = note_file::read(&self.file)?;
        let Some(key) = &self.key else {
            let joined = note_file::joined(file, &self.join)?;
            starttls_publish::replace(output, &joined.to_bytes())?;
            return Ok(Exit::Done);
        };
        let key = key_file::read(key)?;
        let current = root::read_all(&self.root)?.pop().map(|one| one.root);
        let owner = signing::permitted(&file.document, &key, current.as_ref())?;
        let explained = signing::explain(&file.document, current.as_ref())?;
        let by = owner.map_or_else(String::new, |owner| format!(" for {owner}"));
        let title = format!("You are about to sign {} with {}{by}", explained.title, key.key.public());
        facts::print(&mut anstream::stderr().lock(), &title, &explained.facts)?;
        if !self.yes {
            confirm(&explained)?;
        }
        let sha256 = file.document.digest();
        let signed = signing::sign(file, &key, current.as_ref())?;
        starttls_publish::replace(output, &signed.to_bytes())?;
        let shown = printable(&output.to_string_lossy());
        match format {
            Format::Text => anstream::println!("signed {shown}"),
            Format::Json => output::print_json(
                &json!({ "file": output.to_string_lossy(), "sha256": sha256, "key": key.key.public() }),
            )?,
        }
        Ok(Exit::Done)
    }
}

/// Whoever signs types what only somebody knows who read it.
fn confirm(explained: &Explained) -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to confirm: run it on a terminal, or say --yes if you read what is signed");
    }
    let mut out = anstream::stderr().lock();
    write!(out, "Type its {} to sign it: ", explained.confirmation_name)?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().take(MAX_ANSWER_BYTES).read_line(&mut answer)?;
    if answer.trim() != explained.confirmation {
        bail!("that is not its {}; nothing was signed", explained.confirmation_name);
    }
    Ok(())
}
