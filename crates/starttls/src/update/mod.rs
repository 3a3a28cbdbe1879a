//! One run of `update`: lists fetched and accepted, merged, decided, written, checked, put into force; all
//! or nothing, under one lock.
//!
//! ```text
//! sources::refresh, each ─► sources::load ─► merge ─► decide ─► generation ─► in force already? ─► activate
//!        └─ findings ─────────────────────────────────────────────────────────────────┴─► message
//! ```
//!
//! What a mail server's files look like and how they are exchanged is `crate::target` and `starttls-apply`.

mod alert;
mod applied;
mod deactivation;
mod dropped;
mod entered;
mod exchange;
mod findings;
mod force;
mod hidden;
mod last_failure;
mod message;
mod missing;
mod outside;
mod repetition;
pub(crate) mod timer;
pub(crate) mod withheld;

pub(crate) use alert::tell;
pub(crate) use applied::{Applied, untouched};
pub(crate) use entered::Entered;
#[cfg(test)]
pub(crate) use findings::FINDINGS;
pub(crate) use findings::{
    AGEING, BYPASSED, DAMAGED_FILE, EMPTIED, ENDED, FAILED, NEVER, NO_RECORD, NO_TIMER, NOT_IN_FORCE,
    OTHER_TRUST, OVERDUE, SERVICE_WITHOUT, SOURCE_ENDED, STILL_NAMED, SUSPICIOUS, TABLE_CHANGED, UNSEEN,
    UNWATCHED, UPDATER_DEAD, UPDATER_SILENT, WITHDRAWN,
};
pub(crate) use hidden::add_hidden;
pub(crate) use last_failure::{LastFailure, Run, record};
pub(crate) use missing::{EMPTY, OUT, was_missing};

use starttls_policy::{Finding, List, Severity, Timestamp};
use starttls_sources::settings::SourceSettings;
use starttls_sources::{Absence, InForce, Keeping, Lock, Outcome, compile, fetch, load, look_up, refresh};

use crate::known::{self, Known};
use crate::lists::Loaded;
use crate::settings::Settings;
use crate::target::Target;
use force::Force;
use outside::Ways;
use withheld::Withheld;

/// What kind of run it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Fetches, and puts what changed into force.
    Update,
    /// Fetches, and shows what would change; nothing is kept.
    DryRun,
    /// As an update, and puts back into force what the operator had taken out.
    Activate,
}

/// How a run went.
pub(crate) struct Report {
    /// Each source, in the operator's order.
    pub(crate) sources: Vec<SourceReport>,
    /// What became of the mail server's policy.
    pub(crate) applied: Applied,
    /// What is worth a person's attention.
    pub(crate) findings: Vec<Finding>,
    /// What holds now, in lines.
    pub(crate) stands: Vec<String>,
}

/// How a run went for one source.
pub(crate) struct SourceReport {
    pub(crate) name: String,
    /// None before it was fetched.
    pub(crate) outcome: Option<Outcome>,
    /// Before and now, where another list came; for a dry run alone, since both stand in memory.
    pub(crate) change: Option<(Option<List>, List)>,
    /// Why it contributes nothing.
    pub(crate) absence: Option<Absence>,
}

impl Report {
    /// The worst finding.
    pub(crate) fn severity(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// Carries a run out; whoever calls holds the lock.
///
/// # Errors
/// When we could not do our own work; what was in force still is.
pub(crate) fn run(settings: &Settings, kind: Kind, lock: &Lock, now: Timestamp) -> anyhow::Result<Report> {
    let overrides = known::journal(settings)?.overrides();
    let mut findings = Vec::new();
    let (mut sources, mut lists) = (Vec::new(), Vec::new());
    let ways = Ways::of(settings)?;
    for source in &settings.lists {
        let (report, list) = look_at(source, &ways, kind, lock, now, &mut findings)?;
        sources.push(report);
        lists.extend(list);
    }
    let known = Known { lists, overrides }.bounded(now);
    let force = Force { target: &Target::of(settings), settings, kind, sources: &sources, lock, now };
    let applied = force::apply(&force, &known, &mut findings)?;
    if matches!(applied, Applied::Exchanged { .. } | Applied::Unchanged { .. } | Applied::Written { .. })
        && kind != Kind::DryRun
    {
        Withheld::end(lock)?;
    }
    let stands = applied::stands(&applied, &known, &findings);
    Ok(Report { sources, applied, findings, stands })
}

/// Which lists are fetched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Which {
    /// Every one.
    All,
    /// Those that lie on this machine.
    Local,
}

/// Fetches and keeps lists, and nothing else: for those who do not write a mail server's files.
///
/// # Errors
/// When we could not do our own work; what was kept still is.
pub(crate) fn fetch_lists(
    settings: &Settings,
    which: Which,
    lock: &Lock,
    now: Timestamp,
) -> anyhow::Result<Vec<Finding>> {
    let ways = Ways::of(settings)?;
    let mut findings = Vec::new();
    for source in settings.lists.iter().filter(|list| which == Which::All || list.trust.is_local()) {
        let fetched = fetch(source, lock, ways.outside(), now)?;
        findings.extend(fetched.findings);
        match fetched.accepted {
            Some(list) => {
                findings.extend(list.findings.iter().cloned());
                compile(&list, lock)?;
            }
            // Whoever looks single domains up would else read it whole.
            None if look_up(source, lock.state(), now)?.is_none() => {
                if let InForce::List(list) = load(source, lock.state(), now)? {
                    compile(&list, lock)?;
                }
            }
            None => {}
        }
    }
    Ok(findings)
}

/// Fetches a source, and tells what it contributes.
fn look_at(
    source: &SourceSettings,
    ways: &Ways,
    kind: Kind,
    lock: &Lock,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<(SourceReport, Option<Loaded>)> {
    let name = source.name.to_string();
    let mut report = SourceReport { name, outcome: None, change: None, absence: None };
    let before = if kind == Kind::DryRun { Some(load(source, lock.state(), now)?) } else { None };
    let keeping = if kind == Kind::DryRun { Keeping::Discard } else { Keeping::Keep };
    let refreshed = refresh(source, lock, ways.outside(), keeping, now)?;
    findings.extend(refreshed.findings);
    if let (Some(before), InForce::List(new), Outcome::Accepted) =
        (before, &refreshed.in_force, &refreshed.outcome)
    {
        let old = match before {
            InForce::List(old) => Some(old.list),
            InForce::Nothing(_) => None,
        };
        report.change = Some((old, new.list.clone()));
    }
    report.outcome = Some(refreshed.outcome);
    let in_force = refreshed.in_force;
    Ok(match in_force {
        InForce::List(list) => {
            findings.extend(list.findings.iter().cloned());
            if kind != Kind::DryRun {
                compile(&list, lock)?;
            }
            (report, Some(Loaded::accepted(*list, source, lock.state(), now)?))
        }
        InForce::Nothing(absence) => {
            report.absence = Some(absence);
            (report, None)
        }
    })
}

impl Report {
    /// Tells whether the lists are in order and yet something keeps them from being fresh.
    pub(crate) fn is_going_stale(&self) -> bool {
        let failed = self.sources.iter().any(|source| source.why().is_some());
        self.findings.iter().any(|finding| {
            finding.severity >= Severity::Warning && (failed || finding.code == "source.ageing")
        })
    }
}

impl SourceReport {
    /// What came of it, in one word.
    pub(crate) fn outcome_name(&self) -> Option<&'static str> {
        self.outcome.as_ref().map(|outcome| match outcome {
            Outcome::Accepted => "accepted",
            Outcome::Confirmed => "confirmed",
            Outcome::Failed { .. } => "failed",
            Outcome::Contradicted { .. } => "contradicted",
        })
    }

    /// Why it was not accepted, in words.
    pub(crate) fn why(&self) -> Option<&str> {
        match &self.outcome {
            Some(Outcome::Failed { why } | Outcome::Contradicted { why }) => Some(why),
            _ => None,
        }
    }

    /// One line for people.
    pub(crate) fn in_words(&self) -> String {
        let mut words = self.outcome_name().unwrap_or("not asked").to_owned();
        if let Some(why) = self.why() {
            words = format!("{words}: {why}");
        }
        match &self.absence {
            // Whoever reads this has just run an update.
            Some(Absence::Never { .. }) => words.push_str("; nothing is accepted from it yet"),
            Some(absence) => words = format!("{words}; {absence}"),
            None => {}
        }
        words
    }
}
