//! `starttls override list`: what is in force, or everything that was ever said.
//!
//! Exit: 0 shown, 1 could not read the file.

use serde_json::{Value, json};
use starttls_policy::decide::overrides::Ruling;
use starttls_policy::{Timestamp, printable};
use starttls_sources::overrides::{Act, Record, Standing};

use crate::clock;
use crate::exit::Exit;
use crate::known;
use crate::output::table::{self, Align, Cell};
use crate::output::{self, Format, counted};
use crate::settings::SettingsArgs;

const SECONDS_OF_DAY: u64 = 86_400;

/// Show the overrides in force, or with `--all` everything that was ever added and removed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  starttls override list --all")]
pub(crate) struct Args {
    /// Show the whole trail: what has ended, was replaced or removed, too.
    #[arg(long)]
    all: bool,
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        let settings = place.load()?;
        let now = clock::now();
        let journal = known::journal(&settings)?;
        let overrides = journal.overrides();
        match (self.all, format) {
            (false, Format::Text) => print_in_force(&overrides.in_force(now).collect::<Vec<_>>(), now)?,
            (false, Format::Json) => {
                output::print_json_array(overrides.in_force(now).map(|standing| {
                    let Standing { operator, at, by } = standing;
                    json!({
                        "domain": operator.domain.as_str(),
                        "ruling": operator.ruling.name(),
                        "demand": demand(&operator.ruling),
                        "until": operator.until.to_string(),
                        "reason": operator.reason,
                        "at": at.to_string(),
                        "by": by.as_str(),
                    })
                }))?;
            }
            (true, Format::Text) => print_trail(&journal.records, now)?,
            (true, Format::Json) => {
                let records = journal.records.iter().enumerate();
                output::print_json_array(records.map(|(index, record)| {
                    let mut value: Value = serde_json::from_str(&record.render()).unwrap_or_default();
                    if let Some(members) = value.as_object_mut() {
                        members.insert("state".into(), state(&journal.records, index, now).into());
                    }
                    value
                }))?;
            }
        }
        Ok(Exit::Done)
    }
}

fn print_in_force(standing: &[&Standing], now: Timestamp) -> std::io::Result<()> {
    if standing.is_empty() {
        anstream::eprintln!("nothing is overridden");
        return Ok(());
    }
    let columns = ["domain", "ruling", "until", "left", "by", "reason"].map(|heading| (heading, Align::Left));
    table::print(columns, || {
        standing.iter().map(|standing| {
            let operator = &standing.operator;
            [
                Cell::from(operator.domain.as_str()),
                Cell::from(in_words(&operator.ruling)),
                Cell::from(operator.until.to_string()),
                Cell::from(left(operator.until, now)),
                Cell::from(standing.by.as_str()),
                Cell::from(printable(&operator.reason)),
            ]
        })
    })
}

fn print_trail(records: &[Record], now: Timestamp) -> std::io::Result<()> {
    let columns = ["at", "by", "action", "domain", "ruling", "until", "state", "reason"];
    table::print(columns.map(|heading| (heading, Align::Left)), || {
        records.iter().enumerate().map(|(index, record)| {
            let (ruling, until, reason) = match &record.act {
                Act::Add { ruling, until, reason } => (in_words(ruling), until.to_string(), Some(reason)),
                Act::Remove { reason } => (String::new(), String::new(), reason.as_ref()),
            };
            [
                Cell::from(record.at.to_string()),
                Cell::from(record.by.as_str()),
                Cell::from(record.act.name()),
                Cell::from(record.domain.as_str()),
                Cell::from(ruling),
                Cell::from(until),
                Cell::from(state(records, index, now)),
                Cell::from(reason.map_or_else(String::new, |reason| printable(reason.as_str()))),
            ]
        })
    })
}

/// What became of a line; empty for a `remove`.
fn state(records: &[Record], index: usize, now: Timestamp) -> &'static str {
    let Some(record) = records.get(index) else { return "" };
    let Act::Add { until, .. } = &record.act else { return "" };
    // The next word on the domain counts if it came before the end.
    let next = records.iter().skip(index + 1).find(|later| later.domain == record.domain);
    match next.filter(|next| next.at < *until).map(|next| &next.act) {
        Some(Act::Add { .. }) => "replaced",
        Some(Act::Remove { .. }) => "removed",
        None if next.is_some() || *until <= now => "ended",
        None => "in force",
    }
}

/// The ruling with what it demands.
fn in_words(ruling: &Ruling) -> String {
    let Ruling::Require(policy) = ruling else { return ruling.name().into() };
    let mx: Vec<String> = policy.mx.iter().map(ToString::to_string).collect();
    let version = policy.min_tls.map_or_else(String::new, |version| format!(" ≥ {version}"));
    format!("{} {}{version} {}", ruling.name(), policy.requirement, mx.join(" "))
}

fn demand(ruling: &Ruling) -> Value {
    let Ruling::Require(policy) = ruling else { return Value::Null };
    json!({
        "require": policy.requirement.name(),
        "mx": policy.mx.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "min_tls_version": policy.min_tls.map(starttls_policy::TlsVersion::name),
    })
}

/// Days left, begun ones counted; in the last two days the hours.
fn left(until: Timestamp, now: Timestamp) -> String {
    let seconds = now.until(until).as_secs();
    match seconds.div_ceil(SECONDS_OF_DAY) {
        0..=2 => counted(seconds.div_ceil(3_600), "hour", "hours"),
        days => counted(days, "day", "days"),
    }
}
