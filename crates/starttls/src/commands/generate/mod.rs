//! `starttls generate`: a mail server's TLS policy from lists.
//!
//! Exit: 0 done, 1 could not, 3 refused (a list has expired, activation is not safe), 5 `--strict` and something
//! that is demanded cannot be expressed.

mod activate;
mod deactivate;
mod print;
mod write;

use std::path::PathBuf;

use starttls_apply::postfix::LiveProbe;
use starttls_mta::postfix::TableType;
use starttls_mta::{LeafPins, Mta};
use starttls_policy::Timestamp;
use starttls_sources::overrides::parse_until;

use crate::choices::ChoiceArgs;
use crate::clock;
use crate::exit::Exit;
use crate::known::{Known, LONGEST_BEYOND_END, after};
use crate::lists::ListArgs;
use crate::output::Format;
use crate::server::ServerArgs;
use crate::settings::value::Word as _;
use crate::settings::{Settings, SettingsArgs};
use crate::target::{Completeness, Target};
use crate::validity::Terms;

/// Write the TLS policy of a mail server from policy lists; activate it or take it back.
///
/// Without `--output` nothing is written: the policy table goes to stdout, the summary to stderr. With `--output` the
/// files of a new generation are written beside the old one, checked, and put in its place at once. With `--activate`
/// the mail server is then told to use them, after checks that this is safe; `--deactivate` takes that back.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
#[command(after_help = "\
Examples, each going a step further:
  starttls generate --mta postfix --list list.json
  starttls generate --mta postfix --list list.json --output /etc/postfix/starttls
  starttls generate --mta postfix --list list.json --output /etc/postfix/starttls --activate --dry-run
  starttls generate --mta postfix --list list.json --output /etc/postfix/starttls --activate
  starttls generate --mta postfix --output /etc/postfix/starttls --deactivate")]
pub(crate) struct Args {
    /// The mail server to write for.
    #[arg(long, value_name = "MTA", value_parser = known_mta)]
    mta: &'static str,

    #[command(flatten)]
    server: ServerArgs,

    #[command(flatten)]
    lists: ListArgs,

    /// The directory for our files, which belongs to `starttls` alone; `--activate` and `--deactivate` take it from the
    /// settings if it is not named, where the default is /etc/postfix/starttls.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// The kind of look-up table: texthash (the default), hash, lmdb or cdb.
    #[arg(long, value_name = "TYPE", value_parser = TableType::from_word)]
    table: Option<TableType>,

    #[command(flatten)]
    choices: ChoiceArgs,

    /// Check leaf pins where lists ask for them, although chain, names and dates then go unchecked.
    #[arg(long)]
    allow_leaf_pins: bool,

    /// Write nothing and exit with 5 if anything that is demanded cannot be expressed.
    #[arg(long)]
    strict: bool,

    /// Put the policy into force: check that it is safe, show what changes in main.cf, change it, reload.
    #[arg(long, conflicts_with = "deactivate")]
    activate: bool,

    /// Show what `--activate` would change and what speaks against it; change nothing.
    #[arg(long, requires = "activate")]
    dry_run: bool,

    /// Do not try listed domains before activating: this machine cannot reach others now.
    #[arg(long, requires = "activate")]
    no_probe: bool,

    /// When the activation ends if nothing renews it: a day (`2026-12-31`, its end in UTC), a time or a span (`36h`); 14
    /// days at most. `--allow-expired --activate` needs it.
    #[arg(long, value_name = "DATE", requires = "activate", value_parser = until)]
    until: Option<Timestamp>,

    /// Take the policy out of force: remove it from main.cf, reload, and only then delete the files.
    #[arg(long)]
    deactivate: bool,
}

/// A list that has expired is put into force only for a time.
#[derive(Debug, thiserror::Error)]
#[error("--allow-expired --activate needs an end: add `--until 3d`, or a date within 14 days")]
pub(crate) struct NoEndError;

fn until(text: &str) -> Result<Timestamp, String> {
    let now = clock::now();
    let until = parse_until(text, now).map_err(|error| error.to_string())?;
    if until > after(now, LONGEST_BEYOND_END) {
        return Err(format!("the end is more than 14 days away: {until}"));
    }
    Ok(until)
}

fn known_mta(text: &str) -> Result<&'static str, String> {
    starttls_mta::by_name(text).map(Mta::name).ok_or_else(|| {
        let known: Vec<&str> = starttls_mta::ALL.iter().map(|mta| mta.name()).collect();
        format!("want one of {}", known.join(", "))
    })
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        if self.activate && self.lists.allow_expired() && self.until.is_none() {
            return Err(NoEndError.into());
        }
        let settings = place.load()?;
        let request = Request::new(self, settings)?;
        let named = request.args.output.as_deref();
        let output = named.unwrap_or(&request.settings.postfix.output.value);
        if request.args.deactivate {
            deactivate::run(&request, output, format)
        } else if request.args.activate {
            activate::run(&request, output, format)
        } else if let Some(output) = named {
            write::run(&request, output, format)
        } else {
            print::run(&request, format)
        }
    }
}

/// What is asked for, by options and settings.
struct Request {
    args: Args,
    settings: Settings,
    target: Target,
}

impl Request {
    fn new(args: Args, settings: Settings) -> anyhow::Result<Self> {
        let set = &settings.postfix;
        let allowed = args.allow_leaf_pins || set.allow_leaf_pins.value;
        let strict = args.strict || set.strict.value;
        let target = Target {
            mta: starttls_mta::by_name(args.mta).ok_or_else(|| anyhow::anyhow!("no such mail server"))?,
            server: args.server.server(&settings),
            table: args.table.unwrap_or(set.table_type.value),
            leaf_pins: if allowed { LeafPins::Allow } else { LeafPins::Ignore },
            completeness: if strict { Completeness::AllOrNothing } else { Completeness::WhatCanBe },
            choices: args.choices.choices(&settings),
        };
        Ok(Self { args, settings, target })
    }

    fn probe(&self) -> LiveProbe {
        let wanted = !self.args.no_probe && self.settings.postfix.probe.value;
        if wanted { LiveProbe::Run(Vec::new()) } else { LiveProbe::Skip }
    }

    /// Lists and overrides.
    fn known(&self, now: Timestamp) -> anyhow::Result<Known> {
        Known::load(&self.args.lists, &self.settings, now)
    }

    /// How long what is written may stay in force.
    fn terms(&self) -> Terms {
        Terms { until: self.args.until, ..Terms::of(&self.settings) }
    }
}
