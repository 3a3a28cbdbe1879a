//! `starttls settings show`: what holds, and where it came from.
//!
//! Exit: 0 shown, 1 the settings cannot be used.

use std::io::Write;

use crate::exit::Exit;
use crate::output::{self, Format};
use crate::settings::SettingsArgs;
use crate::settings::show::Words;

/// Show the settings in effect as a settings file, defaults filled in, each with where it came from.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  starttls settings show --format json")]
pub(crate) struct Args {
    /// Say above each key what it means.
    #[arg(long)]
    explain: bool,
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        let settings = place.load()?;
        let words = if self.explain { Words::Explained } else { Words::Plain };
        match format {
            Format::Text => write!(anstream::stdout().lock(), "{}", settings.to_toml(words))?,
            Format::Json => output::print_json(&settings.to_json())?,
        }
        Ok(Exit::Done)
    }
}
