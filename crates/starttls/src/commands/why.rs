//! `starttls why`: what is demanded of one domain, for which reasons, and how to relax it.
//!
//! Exit: 0 answered, 1 could not read a list, 3 a list has expired.

use std::io::Write;

use owo_colors::OwoColorize;
use starttls_policy::decide::overrides::Override;
use starttls_policy::{Action, Decision, Timestamp};

use crate::decision::{decision_json, print_decision, print_prospects, prospects_json};
use crate::exit::Exit;
use crate::inquiry::{Inquiry, InquiryArgs};
use crate::output::{self, Format};
use crate::settings::role::From;
use crate::settings::{Settings, SettingsArgs};

/// How long a relaxation is proposed to last.
const RELAX_FOR: &str = "30d";

/// Tell what is demanded of one domain, why, and how to relax it.
///
/// Prints every fact that bore on the decision, in the order in which it was weighed, with the rule behind it; with `--live`
/// what the network says of each MX host and of MTA-STS; what a running daemon keeps of the domain; what would change the
/// decision, and into what; and the override that would relax this domain alone, for 30 days.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  starttls why example.org
  starttls why example.org --list list.json --list overlay.json
  starttls why example.org --live")]
pub(crate) struct Args {
    #[command(flatten)]
    inquiry: InquiryArgs,
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        self.inquiry.answer(place, |inquiry| {
            let Inquiry { question, decision, operator, survey, kept, settings, now } = inquiry;
            let cure = cure(decision, settings, *operator, *now);
            match format {
                Format::Text => {
                    print_reasons(decision)?;
                    if let Some(survey) = survey {
                        output::survey::print(survey)?;
                    }
                    output::kept::print(kept, *now)?;
                    print_prospects(question)?;
                    print_cure(cure.as_ref())
                }
                Format::Json => {
                    let mut value = decision_json(decision);
                    if let Some(members) = value.as_object_mut() {
                        members.insert("prospects".into(), prospects_json(question));
                        members.insert("command".into(), cure.map(|cure| cure.command).into());
                        if let Some(survey) = survey {
                            members.insert("live".into(), output::survey::json(survey));
                        }
                        members.insert("kept".into(), output::kept::json(kept, *now));
                        members.insert("daemon".into(), output::kept::daemon_json(kept));
                    }
                    output::print_json(&value)
                }
            }
        })?;
        Ok(Exit::Done)
    }
}

fn print_reasons(decision: &Decision<'_>) -> anyhow::Result<()> {
    print_decision(decision)?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", "because".bold())?;
    for (index, reason) in decision.reasons.iter().enumerate() {
        let spec = reason.spec().map_or_else(String::new, |spec| format!(" ({spec})"));
        writeln!(out, "  {}. {reason}{}", index + 1, spec.dimmed())?;
    }
    Ok(())
}

fn print_cure(cure: Option<&Cure>) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    if let Some(Cure { heading, command }) = cure {
        writeln!(out, "{}", heading.bold())?;
        writeln!(out, "  {command}")?;
    }
    Ok(())
}

/// The command that relaxes the domain, or takes back the override that holds; none where mail is delivered in any case.
fn cure(
    decision: &Decision<'_>,
    settings: &Settings,
    operator: Option<&Override>,
    now: Timestamp,
) -> Option<Cure> {
    let domain = decision.domain;
    let place = match settings.general.state_dir.from {
        From::Default => String::new(),
        From::File(_) | From::Option(_) => {
            format!(" --state-dir {}", quoted(&settings.state_dir().display().to_string()))
        }
    };
    if operator.is_some_and(|operator| operator.until > now) {
        let command = format!("starttls override remove {domain}{place}");
        return Some(Cure { heading: "to take the override back", command });
    }
    let is_demanded = matches!(decision.action, Action::Require(_) | Action::DaneOnly | Action::Defer);
    is_demanded.then(|| Cure {
        heading: "to relax it",
        command: format!(
            "starttls override add {domain} relax --until {RELAX_FOR} --reason 'say why'{place}"
        ),
    })
}

/// What the operator can do about the decision.
struct Cure {
    heading: &'static str,
    command: String,
}

/// A word for the shell.
fn quoted(text: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+:@%,=".contains(&b);
    if text.bytes().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod commands_for_the_shell {
    use super::*;

    #[test]
    fn keep_odd_paths_together() {
        assert_eq!(quoted("/var/lib/starttls"), "/var/lib/starttls");
        assert_eq!(quoted("/srv/a b"), "'/srv/a b'");
        assert_eq!(quoted("/srv/it's; rm"), r"'/srv/it'\''s; rm'");
    }
}
