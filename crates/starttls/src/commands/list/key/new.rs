//! `starttls list key new`: make a key.
//!
//! Exit: 0 made, 1 could not, or the file is there already.

use std::path::PathBuf;

use serde_json::json;
use starttls_publish::key_file::{self, Purpose};

use crate::exit::Exit;
use crate::output::{self, Format};

/// Make a secret key in a new file, and print its public half.
///
/// The file is readable by its owner alone, and no file is ever overwritten. Keep an organisation's key on a machine
/// without a network; give the public half to whoever writes the root's template.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  starttls list key new --name alpha.example --type organisation --output alpha.key > alpha.pub"
)]
pub(crate) struct Args {
    /// The key's name, as `example.org/list-2027`; a log's name is the first line of all its checkpoints.
    #[arg(long)]
    name: String,

    /// What the key is for.
    #[arg(long = "type", value_name = "TYPE")]
    purpose: Type,

    /// The file to make.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Type {
    /// Signs lists, roots and relax orders.
    Organisation,
    /// Cosigns a log's checkpoints.
    Witness,
    /// Signs a log's checkpoints.
    Log,
}

impl Args {
    pub(crate) fn run(self, format: Format) -> anyhow::Result<Exit> {
        let purpose = match self.purpose {
            Type::Organisation => Purpose::Organisation,
            Type::Witness => Purpose::Witness,
            Type::Log => Purpose::Log,
        };
        let public = key_file::make(&self.output, &self.name, purpose)?;
        match format {
            Format::Text => {
                anstream::println!("{public}");
                let file = starttls_policy::printable(&self.output.to_string_lossy());
                anstream::eprintln!("the secret half is in {file}; keep a copy of it offline");
            }
            Format::Json => output::print_json(&json!({ "key": public, "type": purpose.name() }))?,
        }
        Ok(Exit::Done)
    }
}
