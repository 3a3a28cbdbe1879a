//! `starttls status`: how every list is, and whether what is in force may be.
//!
//! Exit: 0 in order, 1 could not look, 4 something is wrong, 5 warnings with `--strict`.

mod headline;
mod in_force;
mod obstacle;

use std::io::Write as _;
use std::time::Duration;

use owo_colors::{OwoColorize, Style};
use serde_json::json;
use starttls_apply::postfix::entries_hidden_by_daemon;
use starttls_policy::{Finding, Severity, Timestamp, printable, with_causes};
use starttls_sources::{Counting, SourceStatus, StateDir, StateError, TrustKind, status};
use starttls_trust::ladder::State;

use crate::clock;
use crate::exit::Exit;
use crate::output::{self, Format, counted, findings_json, print_findings};
use crate::server::Server;
use crate::settings::{Settings, SettingsArgs};
use crate::update::{self, LastFailure, Run};
use in_force::InForce;

/// Lists are fetched every hour, or once a day from a cron of the operator's own.
const UPDATER_SILENT_AFTER: Duration = Duration::from_hours(26);

/// Nobody will notice by himself any more; lists begin to age a week after they were found fresh last.
const UPDATER_DEAD_AFTER: Duration = Duration::from_hours(3 * 24);

/// Show every list: serial, signers, age, where it stands, what happens next; and whether the mail server uses the policy.
///
/// Reads the state directory and the activation record, and asks Postfix whether it uses our table. For monitoring: the
/// exit code says whether somebody must act, `--format json` has everything.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  starttls status\n  starttls status --format json --strict")]
pub(crate) struct Args {
    /// Exit with 5 on warnings, too.
    #[arg(long)]
    strict: bool,
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        let settings = place.load()?;
        let now = clock::now();
        let mut findings = Vec::new();
        let sources = sources(&settings, now, &mut findings)?;
        findings.extend(sources.iter().filter_map(standing));
        findings.extend(sources.iter().filter_map(other_trust));
        findings.extend(updater(&sources, now));
        let in_force = InForce::look(&settings, now);
        findings.extend(in_force.findings.iter().cloned());
        findings.extend(failed_update(&settings));
        findings.extend(hidden_entries(&settings));
        match format {
            Format::Json => output::print_json(&json!({
                "sources": sources,
                "in_force": in_force.json(),
                "deadline": in_force.deadline().map(|end| end.to_string()),
                "findings": findings_json(&findings),
            }))?,
            Format::Text => {
                for source in &sources {
                    print(source, now)?;
                }
                headline::print(&in_force, now)?;
                print_findings(&mut anstream::stdout().lock(), &findings)?;
            }
        }
        Ok(match findings.iter().map(|finding| finding.severity).max() {
            Some(Severity::Error) => Exit::Errors,
            Some(Severity::Warning) if self.strict => Exit::Warnings,
            _ => Exit::Done,
        })
    }
}

/// Every list, as the state directory shows it; without the right to read it, that is said.
fn sources(
    settings: &Settings,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) -> Result<Vec<SourceStatus>, StateError> {
    let looked = StateDir::open(settings.state_dir()).and_then(|state| {
        settings.lists.iter().map(|source| status(source, &state, now)).collect::<Result<Vec<_>, _>>()
    });
    match looked {
        Err(error @ StateError::Io { .. }) => {
            let message = format!("the lists could not be looked at: {}", with_causes(&error));
            let cure = "run `starttls status` as the user that owns the state directory, or as root";
            findings.push(update::UNSEEN.finding("", message).with_cure(cure));
            Ok(Vec::new())
        }
        // A policy that `generate` activated needs none.
        Err(StateError::Missing { .. }) => {
            findings.extend(settings.lists.iter().map(|source| {
                let message = format!("nothing was ever accepted from `{}`", source.name);
                let finding = update::NEVER.finding(source.name.to_string(), message);
                finding.with_cure("run `starttls update`")
            }));
            Ok(Vec::new())
        }
        other => other,
    }
}

/// Whether anything fetches lists at all: noticed long before they age.
fn updater(sources: &[SourceStatus], now: Timestamp) -> Option<Finding> {
    let tried = sources.iter().filter_map(|source| source.tried).max()?;
    let silent = tried.until(now);
    let code = match silent {
        _ if silent >= UPDATER_DEAD_AFTER => update::UPDATER_DEAD,
        _ if silent >= UPDATER_SILENT_AFTER => update::UPDATER_SILENT,
        _ => return None,
    };
    let message = format!("no update has tried to fetch a list since {tried}");
    let cure = "see what keeps the timer of `starttls update` or the daemon from running, then run `starttls update`";
    Some(code.finding("", message).with_cure(cure))
}

/// What kept the last update from putting its policy into force, until one succeeds.
fn failed_update(settings: &Settings) -> Vec<Finding> {
    let Ok(state) = StateDir::open(settings.state_dir()) else { return Vec::new() };
    let failures = [Run::Update, Run::FetchOnly].into_iter().filter_map(|run| LastFailure::read(&state, run));
    failures.map(|failure| failure.finding()).collect()
}

/// Entries of the operator's own tables that the policy daemon hides, where main.cf asks it.
fn hidden_entries(settings: &Settings) -> Vec<Finding> {
    let server = Server::of(settings);
    match server.ask() {
        Ok(Some(detected)) => entries_hidden_by_daemon(&server.instance(), &detected),
        Ok(None) | Err(_) => Vec::new(),
    }
}

/// What the operator should know of one source.
fn standing(source: &SourceStatus) -> Option<Finding> {
    let name = &source.name;
    let (code, words) = match source.state {
        State::Fresh => return None,
        State::Absent => (update::NEVER, format!("nothing was ever accepted from `{name}`")),
        State::Ageing => (update::AGEING, format!("the list `{name}` nears its end")),
        State::Suspicious => (update::SUSPICIOUS, format!("something contradicts the list `{name}`")),
        State::Ended => (update::SOURCE_ENDED, format!("the list `{name}` has ended")),
    };
    let why = source.failure.as_ref().map_or_else(String::new, |failure| format!("; {}", failure.words));
    let is_local = !source.place.iter().any(|place| place.contains("://"));
    let cure = match (is_local, source.place.first()) {
        (true, Some(file)) => format!("replace `{file}` by a newer list, then run `starttls update`"),
        _ => "run `starttls update --verbose` and see what each mirror says".to_owned(),
    };
    Some(code.finding(name, format!("{words}{why}")).with_cure(cure))
}

/// A list that counts although the settings name other trust than the one by which it was accepted.
fn other_trust(source: &SourceStatus) -> Option<Finding> {
    let list = source.list.as_ref().filter(|list| list.in_force == Counting::OtherTrust)?;
    let name = &source.name;
    let until = list.effective_end.map_or_else(String::new, |end| format!(" until {end}"));
    let message = format!(
        "the list `{name}` was accepted under other trust than the settings name, and is in force{until}"
    );
    let cure = format!(
        "run `starttls update`, or `starttls update --forget-source {name}` if you no longer trust what was accepted"
    );
    Some(update::OTHER_TRUST.finding(name, message).with_cure(cure))
}

fn print(source: &SourceStatus, now: Timestamp) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    let style = match source.state {
        State::Fresh => Style::new().green(),
        State::Absent | State::Ageing => Style::new().yellow(),
        State::Suspicious | State::Ended => Style::new().red().bold(),
    };
    writeln!(out, "{}: {} ({})", source.name.bold(), source.state.name().style(style), trust(source.trust))?;
    if let Some(list) = &source.list {
        let author =
            list.author.as_deref().map_or_else(String::new, |author| format!(" by {}", printable(author)));
        writeln!(
            out,
            "  list    serial {}{author}, {}",
            list.serial,
            counted(list.entries, "domain", "domains")
        )?;
        let signers = if list.signers.is_empty() { "nobody".to_owned() } else { list.signers.join(", ") };
        writeln!(out, "  signed  by {signers}")?;
        if let Some(seen) = list.quorum_time {
            writeln!(out, "  seen    by its witnesses at {seen}")?;
        }
        if let Some(end) = list.effective_end {
            writeln!(out, "  until   {end}{}", away(now, end))?;
        }
    }
    for order in &source.relax_orders {
        let until = order.until.map_or_else(String::new, |until| format!(" until {until}"));
        let (domains, reason) = (counted(order.domains, "domain", "domains"), printable(&order.reason));
        writeln!(out, "  relaxed {domains}{until} by {}: {reason}", order.by)?;
    }
    if let Some(tried) = source.tried {
        let outcome =
            source.failure.as_ref().map_or("the list was fetched", |failure| failure.words.as_str());
        writeln!(out, "  tried   {tried}: {outcome}")?;
    }
    if let Some(evidence) = source.failure.as_ref().and_then(|failure| failure.evidence.as_ref()) {
        writeln!(out, "  saved   {evidence}")?;
    }
    if let Some(next) = &source.next {
        let at = next.at.map_or_else(String::new, |at| format!(" at {at}"));
        writeln!(out, "  next    {}{at}", next.what)?;
    }
    Ok(())
}

/// The word of the settings.
const fn trust(kind: TrustKind) -> &'static str {
    match kind {
        TrustKind::Witnessed => "witnessed",
        TrustKind::Openpgp => "openpgp",
        TrustKind::GitTag => "git-tag",
        TrustKind::Unsigned => "unsigned",
    }
}

/// ` (in 12 days)`, ` (3 hours ago)`.
fn away(now: Timestamp, then: Timestamp) -> String {
    format!(" ({})", output::age::away(now, then))
}
