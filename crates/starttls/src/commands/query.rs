//! `starttls query`: what is demanded of one domain.
//!
//! Exit: 0 answered, 1 could not read a list, 3 a list has expired.

use starttls_policy::Domain;

use crate::choices::ChoiceArgs;
use crate::clock;
use crate::decision::{decision_json, from_lists, print_decision};
use crate::exit::Exit;
use crate::known::Known;
use crate::lists::{self, ListArgs};
use crate::output::{self, Format};
use crate::settings::SettingsArgs;

/// Tell what is demanded of one domain, from lists and overrides alone.
///
/// DANE and MTA-STS are not looked up: this is what lists and overrides say before the network is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  starttls query example.org --list list.json")]
pub(crate) struct Args {
    /// The recipient domain: what follows the `@`.
    domain: Domain,

    #[command(flatten)]
    lists: ListArgs,

    #[command(flatten)]
    choices: ChoiceArgs,
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        let settings = place.load()?;
        let now = clock::now();
        let known = Known::load(&self.lists, &settings, now)?;
        let merged = lists::merged(&known.lists);
        let listed = merged.get(&self.domain)?;
        let decision = from_lists(
            &self.domain,
            known.overrides.get(&self.domain),
            listed.as_ref(),
            self.choices.choices(&settings),
            now,
        );
        match format {
            Format::Text => print_decision(&decision)?,
            Format::Json => output::print_json(&decision_json(&decision))?,
        }
        Ok(Exit::Done)
    }
}
