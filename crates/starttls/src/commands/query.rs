//! `starttls query`: what is demanded of one domain.
//!
//! Exit: 0 answered, 1 could not read a list, 3 a list has expired.

use owo_colors::OwoColorize as _;
use starttls_policy::printable;

use crate::decision::{decision_json, print_decision};
use crate::exit::Exit;
use crate::inquiry::InquiryArgs;
use crate::kept::{Kept, Untold};
use crate::output::{self, Format};
use crate::settings::SettingsArgs;

/// Tell what is demanded of one domain.
///
/// From lists, overrides and what a running daemon keeps of the domain, before the network is asked; with `--live` from MX,
/// DANE and MTA-STS, too; with `--list` alone from these lists and overrides.
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
        self.inquiry.answer(place, |inquiry| {
            warn_of_silence(inquiry.kept);
            match format {
                Format::Text => print_decision(&inquiry.decision),
                Format::Json => output::print_json(&decision_json(&inquiry.decision)),
            }
        })?;
        Ok(Exit::Done)
    }
}

/// A daemon that runs and does not tell may answer otherwise; where none runs there is nothing to say.
fn warn_of_silence(kept: &Kept) {
    match kept {
        Kept::Untold(untold @ (Untold::NotAllowed { .. } | Untold::NoAnswer { .. })) => {
            let words = printable(&untold.words());
            anstream::eprintln!(
                "{} what the daemon keeps does not count here: {words}",
                "warning:".yellow().bold()
            );
        }
        Kept::NotAsked | Kept::Told(_) | Kept::Untold(Untold::NotRunning { .. }) => {}
    }
}
