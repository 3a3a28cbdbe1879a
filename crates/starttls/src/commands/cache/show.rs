//! `starttls cache show`: what the running daemon has learnt of domains.
//!
//! Exit: 0 shown, 1 no daemon answers.

use std::io::Write as _;
use std::path::Path;

use owo_colors::OwoColorize as _;
use starttls_daemon::learned::Reach;
use starttls_daemon::operations::control::{Request, Response, Shown, ask};
use starttls_policy::{Domain, Mode, Timestamp};

use crate::clock;
use crate::exit::Exit;
use crate::output::{self, Format, mode_style};
use crate::settings::SettingsArgs;

/// As much as one request brings.
const PAGE: u32 = 500;

const OTHER_VERSION: &str = "the daemon answered something else; is it of another version?";
const PARTIAL: &str = "a store of the daemon does not answer: more may be known than is shown";

/// Show what the running daemon has learnt of domains: MTA-STS policies, releases, DANE.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  starttls cache show\n  starttls cache show example.org --format json")]
pub(crate) struct Args {
    /// This domain alone.
    domain: Option<Domain>,

    /// At most so many domains.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    limit: usize,
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        let settings = place.load()?;
        let socket = settings.control_socket();
        let all = match &self.domain {
            Some(domain) => one(&socket, domain)?,
            None => page_through(&socket, self.limit)?,
        };
        match format {
            Format::Json => output::print_json(&serde_json::to_value(&all)?)?,
            Format::Text => print(&all)?,
        }
        Ok(Exit::Done)
    }
}

/// One domain, if anything was learnt of it.
fn one(socket: &Path, domain: &Domain) -> anyhow::Result<Vec<Shown>> {
    let Response::ShownOne(found) = ask(socket, &Request::ShowOne { domain: domain.clone() })? else {
        anyhow::bail!(OTHER_VERSION);
    };
    if found.reach == Reach::Partial {
        // Words, not data.
        anstream::eprintln!("{} {PARTIAL}", "warning:".yellow().bold());
    }
    Ok(found.shown.into_iter().collect())
}

/// All domains, by name.
fn page_through(socket: &Path, limit: usize) -> anyhow::Result<Vec<Shown>> {
    let mut all: Vec<Shown> = Vec::new();
    let mut after = None;
    while all.len() < limit {
        let Response::Shown { domains, more } = ask(socket, &Request::Show { after, limit: PAGE })? else {
            anyhow::bail!(OTHER_VERSION);
        };
        after = domains.last().and_then(|last| Domain::parse(&last.domain).ok());
        // A policy of another node that counts no longer is stored, and not shown.
        all.extend(domains.into_iter().filter(|shown| !shown.is_empty()));
        if !more || after.is_none() {
            break;
        }
    }
    all.truncate(limit);
    Ok(all)
}

fn print(all: &[Shown]) -> anyhow::Result<()> {
    if all.is_empty() {
        // Words, not data.
        anstream::eprintln!("nothing was learnt of any domain that was asked for");
    }
    let now = clock::now();
    let mut out = anstream::stdout().lock();
    let width = all.iter().map(|shown| shown.domain.len()).max().unwrap_or(0);
    for shown in all {
        if let Some(policy) = &shown.policy {
            let style = Mode::from_name(&policy.mode).map_or_else(Default::default, mode_style);
            let has_ended = Timestamp::parse(&policy.ends).is_ok_and(|ends| ends <= now);
            let (at_most, confirmed, elsewhere) = match policy.origin.as_str() {
                "elsewhere" => (" at most", "first seen", ", learnt by another node"),
                _ => ("", "confirmed", ""),
            };
            writeln!(
                out,
                "{:width$}  mta-sts {} {} {}{at_most}, {confirmed} {}{elsewhere}: {}",
                shown.domain.bold(),
                policy.mode.style(style),
                if has_ended { "ended" } else { "until" },
                policy.ends,
                policy.confirmed,
                policy.mx.join(", "),
            )?;
        }
        if shown.in_memory {
            writeln!(out, "{:width$}  not written yet: held in memory alone", shown.domain.bold())?;
        }
        if let Some(release) = &shown.release {
            writeln!(
                out,
                "{:width$}  released its list entry by `{}` at {}",
                shown.domain.bold(),
                release.mode,
                release.at
            )?;
        }
        if let Some(until) = &shown.dane_until {
            writeln!(out, "{:width$}  answered by DANE, counts until {until} at least", shown.domain.bold())?;
        }
    }
    Ok(())
}
