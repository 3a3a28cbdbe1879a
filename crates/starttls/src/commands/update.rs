//! `starttls update`: fetch the lists of the settings, and put what changed into force.
//!
//! Exit: 0 all is in order, 1 a list cannot be fetched and nears its end, or we could not, 3 refused: a list contradicts
//! what was accepted, has ended, or activation is not safe.

use std::time::Duration;

use starttls_policy::{Finding, Severity, Timestamp, diff};
use starttls_sources::settings::{SourceName, Span};
use starttls_sources::{Lock, StateDir};

use crate::clock;
use crate::exit::Exit;
use crate::output::{self, Format, findings_json, print_findings};
use crate::settings::{Settings, SettingsArgs};
use crate::update::{self, Applied, Kind, Report, Run, Which};
use crate::validity;

/// Fetch the lists of the settings, and put what changed into force.
///
/// Meant for a timer: it is quiet when all is well, and says in one message what is not, on stderr and wherever the
/// settings say. All or nothing: what cannot be verified, written or checked leaves in force what was. A list that has
/// ended and cannot be replaced is taken out of force; it comes back by itself.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
#[command(after_help = "\
Examples:
  starttls update --dry-run     # fetches, and shows what would change
  starttls update --verbose     # says what it did, too
  starttls update --fetch-only  # lists alone: `starttls daemon` answers the mail server
  starttls update --jitter 50m  # from cron: waits up to 50 minutes first")]
pub(crate) struct Args {
    /// Fetch and verify, show what would change, keep and change nothing.
    #[arg(long)]
    dry_run: bool,

    /// Fetch, verify and keep lists, and write no files of a mail server: for those who run `starttls daemon`, which notices.
    #[arg(long, conflicts_with = "dry_run")]
    fetch_only: bool,

    /// First forget what was accepted from this source, and what protects it from older lists: its entries go out of force with this
    /// run unless it accepts them anew. For a root or a key that is no longer trusted.
    #[arg(long, value_name = "NAME", conflicts_with = "dry_run", value_parser = source_name)]
    forget_source: Option<SourceName>,
    /// Put the policy back into force after `generate --deactivate`, or after another program removed it from main.cf.
    #[arg(long, conflicts_with_all = ["dry_run", "fetch_only"])]
    activate: bool,

    /// Say what was done even when all is well.
    #[arg(long, short)]
    verbose: bool,

    /// Wait a random time up to this long first, so that not all servers ask at once.
    #[arg(long, value_name = "SPAN", value_parser = span)]
    jitter: Option<Span>,
}

fn span(text: &str) -> Result<Span, String> {
    Span::parse(text).map_err(|error| error.to_string())
}

fn source_name(text: &str) -> Result<SourceName, String> {
    SourceName::parse(text).map_err(|error| error.to_string())
}

impl Args {
    pub(crate) fn run(self, place: &SettingsArgs, format: Format) -> anyhow::Result<Exit> {
        let settings = place.load()?;
        if settings.lists.is_empty() {
            anyhow::bail!("the settings name no list; add a `[[list]]` to {}", place.file().display());
        }
        if let Some(longest) = self.jitter {
            let seconds = fastrand::u64(0..=longest.duration().as_secs());
            std::thread::sleep(Duration::from_secs(seconds));
        }
        let state = StateDir::make(settings.state_dir())?;
        let lock = state.lock()?;
        let now = clock::now();
        if let Some(name) = &self.forget_source {
            forget(name, &settings, &lock)?;
        }
        if self.fetch_only {
            return self.fetch(&settings, &lock, format, now);
        }
        let kind = match (self.dry_run, self.activate) {
            (true, _) => Kind::DryRun,
            (false, true) => Kind::Activate,
            (false, false) => Kind::Update,
        };
        let mut report = match update::run(&settings, kind, &lock, now) {
            Ok(report) => report,
            Err(error) => return failed(&error, &settings, &lock, (kind, Run::Update), now),
        };
        if kind != Kind::DryRun {
            update::record(&report.findings, Run::Update, &lock, now);
        }
        update::add_hidden(&settings, &mut report);
        match format {
            Format::Json => output::print_json(&json(&report))?,
            Format::Text if self.dry_run => print_dry_run(&report)?,
            Format::Text if self.verbose => {
                print_report(&report);
                print_change(&report);
            }
            Format::Text => print_change(&report),
        }
        if kind != Kind::DryRun {
            update::tell(&report.findings, &report.stands, &validity::alert_of(&settings), &lock, now);
        }
        Ok(exit(&report))
    }

    fn fetch(
        &self,
        settings: &Settings,
        lock: &Lock,
        format: Format,
        now: Timestamp,
    ) -> anyhow::Result<Exit> {
        let findings = match update::fetch_lists(settings, Which::All, lock, now) {
            Ok(findings) => findings,
            Err(error) => return failed(&error, settings, lock, (Kind::Update, Run::FetchOnly), now),
        };
        update::record(&findings, Run::FetchOnly, lock, now);
        let stands = ["the lists that were accepted are in force".to_owned()];
        match format {
            Format::Json => output::print_json(
                &serde_json::json!({ "findings": findings_json(&findings), "stands": stands }),
            )?,
            Format::Text if self.verbose => anstream::println!("{}", stands.concat()),
            Format::Text => {}
        }
        update::tell(&findings, &stands, &validity::alert_of(settings), lock, now);
        let is_stale = |finding: &Finding| {
            finding.severity >= Severity::Warning
                && ["source.failed", "source.ageing"].contains(&finding.code)
        };
        Ok(if findings.iter().any(|finding| finding.severity == Severity::Error) {
            Exit::Refused
        } else if findings.iter().any(is_stale) {
            Exit::CouldNot
        } else {
            Exit::Done
        })
    }
}

/// Forgets a source, of which the settings may no longer know.
fn forget(name: &SourceName, settings: &Settings, lock: &Lock) -> anyhow::Result<()> {
    let was_there = lock.forget(name)?;
    let is_known = settings.lists.iter().any(|list| list.name == *name);
    anyhow::ensure!(
        was_there || is_known,
        "nothing was ever accepted from `{name}`, and no list of the settings has that name"
    );
    let words =
        if was_there { "what was accepted from it is forgotten" } else { "nothing was accepted from it" };
    anstream::eprintln!("{name}: {words}");
    Ok(())
}

/// What stops a whole run is told like any other trouble: nobody watches a timer.
fn failed(
    error: &anyhow::Error,
    settings: &Settings,
    lock: &Lock,
    (kind, run): (Kind, Run),
    now: Timestamp,
) -> anyhow::Result<Exit> {
    let finding = update::FAILED
        .finding("", format!("the update did not run to its end: {error:#}"))
        .with_cure("mend what is named here, then run `starttls update`, which tries everything anew");
    let output = &settings.postfix.output.value;
    let stands = [update::untouched(output, None, now)];
    if kind == Kind::DryRun {
        print_findings(&mut anstream::stderr().lock(), &[finding])?;
    } else {
        update::record(std::slice::from_ref(&finding), run, lock, now);
        update::tell(&[finding], &stands, &validity::alert_of(settings), lock, now);
    }
    Ok(Exit::of(error))
}

fn exit(report: &Report) -> Exit {
    match (&report.applied, report.severity()) {
        (Applied::Refused { .. } | Applied::Withdrawn, _) | (_, Some(Severity::Error)) => Exit::Refused,
        _ if report.is_going_stale() => Exit::CouldNot,
        _ => Exit::Done,
    }
}

fn print_report(report: &Report) {
    for source in &report.sources {
        anstream::println!("{}: {}", source.name, source.in_words());
    }
    for line in &report.stands {
        anstream::println!("{line}");
    }
}

/// Shows what an activation changed in main.cf, even in a quiet run: nobody else did while a timer ran it.
fn print_change(report: &Report) {
    if let Applied::Exchanged { diff, .. } = &report.applied
        && !diff.is_empty()
    {
        anstream::println!("what changed in main.cf; `starttls generate --deactivate` takes it back\n{diff}");
    }
}

fn print_dry_run(report: &Report) -> anyhow::Result<()> {
    print_report(report);
    for source in &report.sources {
        let Some((before, now)) = &source.change else { continue };
        anstream::println!("\nwhat changes in `{}`", source.name);
        match before {
            Some(before) => output::change::print(&diff::between(before, now))?,
            None => anstream::println!("  it is new: {} domains", now.entries.len()),
        }
    }
    if let Applied::Tried { diff, .. } = &report.applied
        && !diff.is_empty()
    {
        anstream::println!("\nwhat would change in main.cf\n{diff}");
    }
    print_findings(&mut anstream::stderr().lock(), &report.findings)?;
    Ok(())
}

fn json(report: &Report) -> serde_json::Value {
    let sources = report.sources.iter().map(|source| {
        serde_json::json!({
            "name": source.name,
            "outcome": source.outcome_name(),
            "why": source.why(),
            "in_force": source.absence.is_none(),
        })
    });
    let diff = match &report.applied {
        Applied::Exchanged { diff, .. } | Applied::Tried { diff, .. } => diff.as_str(),
        _ => "",
    };
    serde_json::json!({
        "sources": sources.collect::<Vec<_>>(),
        "policy": report.applied.name(),
        "diff": diff,
        "findings": findings_json(&report.findings),
        "stands": report.stands,
    })
}
