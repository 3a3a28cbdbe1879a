//! `starttls cache show`: what the running daemon has learnt of domains.
//!
//! Exit: 0 shown, 1 no daemon answers.

use std::io::Write as _;

use owo_colors::OwoColorize as _;
use starttls_daemon::operations::control::{Request, Response, Shown, ask};
use starttls_policy::{Domain, Mode};

use crate::exit::Exit;
use crate::output::{self, Format, mode_style};
use crate::settings::SettingsArgs;

/// As much as one request brings.
const PAGE: u32 = 500;

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
        let mut all: Vec<Shown> = Vec::new();
        let mut after = None;
        while all.len() < self.limit {
            let Response::Shown { domains, more } = ask(&socket, &Request::Show { after, limit: PAGE })?
            else {
                anyhow::bail!("the daemon answered something else; is it of another version?");
            };
            after = domains.last().and_then(|last| Domain::parse(&last.domain).ok());
            let is_meant =
                |shown: &Shown| self.domain.as_ref().is_none_or(|domain| domain.as_str() == shown.domain);
            all.extend(domains.into_iter().filter(is_meant));
            if !more || after.is_none() {
                break;
            }
        }
        all.truncate(self.limit);
        match format {
            Format::Json => output::print_json(&serde_json::to_value(&all)?)?,
            Format::Text => print(&all)?,
        }
        Ok(Exit::Done)
    }
}

fn print(all: &[Shown]) -> anyhow::Result<()> {
    if all.is_empty() {
        // Words, not data.
        anstream::eprintln!("nothing was learnt of any domain that was asked for");
    }
    let mut out = anstream::stdout().lock();
    let width = all.iter().map(|shown| shown.domain.len()).max().unwrap_or(0);
    for shown in all {
        if let Some(policy) = &shown.policy {
            let style = Mode::from_name(&policy.mode).map_or_else(Default::default, mode_style);
            let elsewhere = if policy.origin == "elsewhere" { ", learnt by another node" } else { "" };
            writeln!(
                out,
                "{:width$}  mta-sts {} until {}, confirmed {}{elsewhere}: {}",
                shown.domain.bold(),
                policy.mode.style(style),
                policy.ends,
                policy.confirmed,
                policy.mx.join(", "),
            )?;
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
