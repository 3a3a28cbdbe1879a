//! `starttls query`: what is demanded of one domain.
//!
//! Exit: 0 answered, 1 could not read a list, 3 a list has expired.

use crate::decision::{decision_json, print_decision};
use crate::exit::Exit;
use crate::inquiry::InquiryArgs;
use crate::output::{self, Format};
use crate::settings::SettingsArgs;

/// Tell what is demanded of one domain.
///
/// From lists and overrides alone, as they stand before the network is asked; with `--live` from MX, DANE and MTA-STS, too.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  starttls query example.org --list list.json\n  starttls query example.org --live"
)]
pub(crate) struct Args {
    #[command(flatten)]
    inquiry: InquiryArgs,
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        self.inquiry.answer(place, |inquiry| match format {
            Format::Text => print_decision(&inquiry.decision),
            Format::Json => output::print_json(&decision_json(&inquiry.decision)),
        })?;
        Ok(Exit::Done)
    }
}
