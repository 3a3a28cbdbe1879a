//! `starttls list key show`: the public half of a key.
//!
//! Exit: 0 shown, 1 could not read the key, or others can read it too.

use std::path::PathBuf;

use serde_json::json;
use starttls_publish::key_file::{self, Purpose};

use crate::exit::Exit;
use crate::output::{self, Format};

/// Print the public half of a secret key.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  starttls list key show alpha.key")]
pub(crate) struct Args {
    /// The file with the secret key.
    file: PathBuf,
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let file = key_file::read(&self.file)?;
        let public = file.key.public();
        match format {
            Format::Text => anstream::println!("{public}"),
            Format::Json => {
                let purpose = file.purpose.map(Purpose::name);
                output::print_json(&json!({ "key": public, "type": purpose }))?;
            }
        }
        Ok(Exit::Done)
    }
}
