//! `starttls why`: what is demanded of one domain, for which reasons, and how to relax it.
//!
//! Exit: 0 answered, 1 could not read a list, 3 a list has expired.

use std::io::Write;

use owo_colors::OwoColorize;
use serde_json::json;
use starttls_policy::merge::MergedEntry;
use starttls_policy::{Decision, Domain, Mode, Timestamp};

use crate::choices::ChoiceArgs;
use crate::clock;
use crate::decision::{decision_json, from_lists, print_decision};
use crate::exit::Exit;
use crate::lists::{self, ListArgs};
use crate::output::{self, Format};
use crate::settings::SettingsArgs;

/// How long a relaxation lasts that nobody renews: 30 days.
const RELAX_SECONDS: u64 = 30 * 86_400;

/// Tell what is demanded of one domain, why, and how to relax it.
///
/// Prints every fact that bore on the decision, in the order in which it was weighed, with the rule behind it; and the
/// overlay that would relax this domain alone, for 30 days.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  starttls why example.org --list list.json --list overlay.json")]
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
        let loaded = self.lists.load(&settings, now)?;
        let merged = lists::merged(&loaded);
        let listed = merged.get(&self.domain);
        let decision = from_lists(&self.domain, listed.as_ref(), self.choices.choices(&settings), now);
        let relax = listed.as_ref().filter(|entry| entry.policy.mode == Mode::Enforce);
        let relax = relax.map(|entry| relaxing_overlay(entry, now));
        match format {
            Format::Text => print_reasons(&decision, relax.as_deref())?,
            Format::Json => {
                let mut value = decision_json(&decision);
                if let Some(members) = value.as_object_mut() {
                    members.insert("relaxing_overlay".into(), relax.into());
                }
                output::print_json(&value)?;
            }
        }
        Ok(Exit::Done)
    }
}

fn print_reasons(decision: &Decision<'_>, relax: Option<&str>) -> anyhow::Result<()> {
    print_decision(decision)?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", "because".bold())?;
    for (index, reason) in decision.reasons.iter().enumerate() {
        let spec = reason.spec().map_or_else(String::new, |spec| format!(" ({spec})"));
        writeln!(out, "  {}. {reason}{}", index + 1, spec.dimmed())?;
    }
    if let Some(relax) = relax {
        writeln!(out, "{}", "to relax it".bold())?;
        writeln!(
            out,
            "  save this line as relax.json and add `--list relax.json,may-relax` behind your lists:"
        )?;
        writeln!(out, "  {relax}")?;
    }
    Ok(())
}

/// A list of one entry that turns the domain's policy to `testing`.
fn relaxing_overlay(entry: &MergedEntry<'_>, now: Timestamp) -> String {
    let end = Timestamp::from_seconds(now.seconds() + RELAX_SECONDS).unwrap_or(Timestamp::MAX);
    let policy = &entry.policy;
    json!({
        "version": "1",
        "author": "postmaster",
        "serial": now.seconds(),
        "timestamp": now.to_string(),
        "expires": end.to_string(),
        "policies": { entry.domain.as_str(): {
            "mode": "testing",
            "require": policy.requirement.name(),
            "mx": policy.mx.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }},
    })
    .to_string()
}
