//! `starttls override remove`: what was overridden holds again.
//!
//! Exit: 0 removed, 1 could not, or nothing is overridden.

use owo_colors::OwoColorize;
use starttls_policy::Domain;
use starttls_sources::overrides::{self, Act, ReasonText, Record};

use super::{COUNTS, actor};
use crate::clock;
use crate::exit::Exit;
use crate::output::{self, Format};
use crate::settings::SettingsArgs;

/// End an override before its time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  starttls override remove example.org --reason 'renewed, ticket 7'")]
pub(crate) struct Args {
    /// The domain that is overridden.
    domain: Domain,

    /// Why, in one line of at most 500 characters.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: Option<ReasonText>,
}

fn reason(text: &str) -> Result<ReasonText, String> {
    ReasonText::parse(text).map_err(|error| error.to_string())
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        let settings = place.load()?;
        let act = Act::Remove { reason: self.reason };
        let record = Record { at: clock::now(), by: actor(), domain: self.domain, act };
        // Nothing is made where there is nothing to remove.
        let is_in_force = |overrides: &overrides::Overrides| {
            overrides.get(&record.domain).is_some_and(|operator| operator.until > record.at)
        };
        let check = |journal: &overrides::Journal| {
            anyhow::ensure!(
                is_in_force(&journal.overrides()),
                "no override for {} is in force",
                record.domain
            );
            Ok(())
        };
        check(&overrides::read(settings.state_dir())?)?;
        overrides::append(settings.state_dir(), &record, check)?;
        match format {
            Format::Json => output::print_json(&serde_json::from_str(&record.render())?)?,
            Format::Text => {
                anstream::eprintln!(
                    "{} the override for {}; {COUNTS}",
                    "removed:".green().bold(),
                    record.domain
                );
            }
        }
        Ok(Exit::Done)
    }
}
