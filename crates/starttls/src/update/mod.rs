//! One run of `update` or `withdraw`: lists fetched and accepted, merged, decided, written, checked, put into force; all
//! or nothing, under one lock.
//!
//! ```text
//! sources::refresh, each ─► sources::load ─► merge ─► decide ─► generation ─► in force already? ─► activate
//!        └─ findings ─────────────────────────────────────────────────────────────────┴─► in-force.json ─► message
//! ```
//!
//! What a mail server's files look like and how they are exchanged is `crate::target` and `starttls-apply`.

mod alert;
mod findings;
mod force;
mod in_force;
mod message;
mod outside;
mod repetition;
mod timer;

pub(crate) use alert::tell;
#[cfg(test)]
pub(crate) use findings::FINDINGS;
pub(crate) use findings::{
    AGEING, ENDED, FAILED, NEVER, NO_TIMER, OTHER_TRUST, OVERDUE, SOURCE_ENDED, SUSPICIOUS,
};
pub(crate) use force::Applied;
pub(crate) use in_force::{InForceRecord, PartKind};
pub(crate) use timer::{SEEN, is_watched};

use starttls_policy::{Finding, List, Severity, Timestamp};
use starttls_sources::settings::SourceSettings;
use starttls_sources::{Absence, InForce, Keeping, Lock, Outcome, compile, fetch, load, look_up, refresh};

use crate::known::{self, Known};
use crate::lists::Loaded;
use crate::settings::{Settings, SettingsArgs};
use crate::target::Target;
use outside::Ways;

/// What kind of run it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Fetches, and puts what changed into force.
    Update,
    /// Fetches, and shows what would change; nothing is kept.
    DryRun,
    /// Fetches nothing; takes out what has ended.
    Withdraw,
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
    /// None of a run that does not fetch.
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
pub(crate) fn run(
    settings: &Settings,
    place: &SettingsArgs,
    kind: Kind,
    lock: &Lock,
    now: Timestamp,
) -> anyhow::Result<Report> {
    let overrides = known::journal(settings)?.overrides();
    let mut findings = Vec::new();
    let (mut sources, mut lists) = (Vec::new(), Vec::new());
    let ways = if kind == Kind::Withdraw { None } else { Some(Ways::of(settings)?) };
    for source in &settings.lists {
        let (report, list) = look_at(source, ways.as_ref(), kind, lock, now, &mut findings)?;
        sources.push(report);
        lists.extend(list);
    }
    let known = Known { lists, overrides };
    let applied = force::apply(&Target::of(settings), settings, kind, &known, now, &mut findings)?;
    if applied.is_in_force() && kind != Kind::DryRun {
        InForceRecord::of(settings, &known, now).write(lock)?;
        if settings.update.activate.value {
            findings.extend(timer::install(settings, place));
        }
    }
    let stands = force::stands(&applied, &known);
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

/// Fetches a source, if this run does, and tells what it contributes.
fn look_at(
    source: &SourceSettings,
    ways: Option<&Ways>,
    kind: Kind,
    lock: &Lock,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<(SourceReport, Option<Loaded>)> {
    let name = source.name.to_string();
    let mut report = SourceReport { name, outcome: None, change: None, absence: None };
    let in_force = match ways {
        None => load(source, lock.state(), now)?,
        Some(ways) => {
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
            refreshed.in_force
        }
    };
    Ok(match in_force {
        InForce::List(list) => {
            findings.extend(list.findings.iter().cloned());
            if kind == Kind::Update {
                compile(&list, lock)?;
            }
            (report, Some(Loaded::accepted(*list, &source.scope)))
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
        if let Some(absence) = &self.absence {
            words = format!("{words}; {absence}");
        }
        words
    }
}
