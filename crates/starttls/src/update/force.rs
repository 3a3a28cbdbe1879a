//! From merged lists to what the mail server does: written, checked, exchanged; or taken back when nothing is left.

use std::fmt;

use starttls_apply::Generations;
use starttls_apply::postfix::{self, Detected, Instance, Leftovers, LiveProbe, Plan, Running, Wanted};
use starttls_mta::Summary;
use starttls_policy::{Finding, Timestamp};

use super::Kind;
use super::findings;
use crate::known::Known;
use crate::output::{counted, grouped};
use crate::settings::Settings;
use crate::target::{self, Prepared, Target};

/// What became of the mail server's policy.
#[derive(Debug)]
pub(crate) enum Applied {
    /// It is in force as it was, byte for byte.
    Unchanged {
        /// What it comes to.
        counts: Counts,
    },
    /// A new generation is in force.
    Exchanged {
        /// Its number.
        generation: u32,
        /// What it comes to.
        counts: Counts,
        /// What changed in main.cf; nothing but at the first activation.
        diff: String,
        /// Whether the mail system runs, and so was reloaded.
        running: Running,
    },
    /// A new generation was written and the mail server was not told, as the settings say.
    Written {
        /// Its number.
        generation: u32,
        /// What it comes to.
        counts: Counts,
    },
    /// Nothing is left to be enforced: our table was taken out of the mail server's configuration.
    Withdrawn,
    /// There was nothing in force, and there is nothing now.
    Nothing,
    /// It could not be put into force; what was in force still is.
    Refused,
    /// What would be put into force.
    Tried {
        /// What it comes to.
        counts: Counts,
        /// What would change in main.cf.
        diff: String,
    },
}

/// How many domains a policy is about.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    /// Mail to them goes out protected or waits.
    pub(crate) enforced: u64,
    /// What would have failed is logged.
    pub(crate) log_only: u64,
}

impl Counts {
    fn of(summary: &Summary) -> Self {
        Self { enforced: summary.enforced, log_only: summary.log_only }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} enforced, {} only logged",
            counted(self.enforced, "domain", "domains"),
            grouped(self.log_only)
        )
    }
}

impl Applied {
    /// Tells whether what was rendered is what the mail server works by, or will when it is told.
    pub(super) const fn is_in_force(&self) -> bool {
        !matches!(self, Self::Refused | Self::Tried { .. })
    }

    /// The word used in output.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Unchanged { .. } => "unchanged",
            Self::Exchanged { .. } => "exchanged",
            Self::Written { .. } => "written",
            Self::Withdrawn => "withdrawn",
            Self::Nothing => "nothing",
            Self::Refused => "refused",
            Self::Tried { .. } => "tried",
        }
    }
}

/// Puts what the lists say into force, or takes everything back when they say nothing any more.
///
/// # Errors
/// When we could not do our own work; what was in force still is.
pub(super) fn apply(
    target: &Target,
    settings: &Settings,
    kind: Kind,
    known: &Known,
    now: Timestamp,
    found: &mut Vec<Finding>,
) -> anyhow::Result<Applied> {
    let output = &settings.postfix.output.value;
    let activate = settings.update.activate.value;
    let has_anything = !known.lists.is_empty() || known.overrides.in_force(now).next().is_some();
    if !has_anything && !output.exists() {
        return Ok(Applied::Nothing);
    }
    let generations = target::open(output)?;
    let instance = target.server.instance();
    let detected = if activate { Some(Detected::ask(&instance)?) } else { target.server.ask()? };
    let is_active = detected.as_ref().is_some_and(|detected| detected.active_table(&generations).is_some());
    // Files that the operator's own means put into force stay there, and say nothing any more: a missing table would
    // defer all mail.
    if !has_anything && activate {
        return withdraw(&generations, &instance, kind, is_active, found);
    }
    let prepared = match target.prepare(&generations, detected.as_ref(), known, now)? {
        Ok(prepared) => prepared,
        Err(short) => {
            let summary = &short.0.summary;
            let names: Vec<&str> = summary.shortfalls.keys().copied().collect();
            found.push(
                findings::FALLS_SHORT
                    .finding("", format!("not everything can be expressed: {}", names.join(", "))),
            );
            return Ok(Applied::Refused);
        }
    };
    let counts = Counts::of(&prepared.rendered.summary);
    if !activate || detected.is_none() {
        let is_used =
            detected.as_ref().is_some_and(|detected| !detected.uses_of(generations.root()).is_empty());
        return write(prepared, &generations, kind, is_used, counts, found);
    }
    if is_active && prepared.ready.is_in_force(&generations)? {
        return Ok(Applied::Unchanged { counts });
    }
    exchange(target, settings, prepared, &generations, kind, is_active, found)
}

/// Writes a generation beside the one in force; the operator tells the mail server.
fn write(
    prepared: Prepared<'_>,
    generations: &Generations,
    kind: Kind,
    is_used: bool,
    counts: Counts,
    found: &mut Vec<Finding>,
) -> anyhow::Result<Applied> {
    if prepared.ready.is_in_force(generations)? {
        return Ok(Applied::Unchanged { counts });
    }
    if is_used {
        let message = format!(
            "Postfix uses the files in {}, and the settings say `activate = false`",
            generations.root().display()
        );
        let cure = "set `activate = true`, or take them out with `starttls generate --deactivate`";
        found.push(findings::NOT_ACTIVATED.finding("", message).with_cure(cure));
        return Ok(Applied::Refused);
    }
    if kind == Kind::DryRun {
        return Ok(Applied::Tried { counts, diff: String::new() });
    }
    let published = prepared.ready.publish()?;
    Ok(Applied::Written { generation: published.number, counts })
}

/// Has the mail server use a generation instead of the one in force.
fn exchange(
    target: &Target,
    settings: &Settings,
    prepared: Prepared<'_>,
    generations: &Generations,
    kind: Kind,
    is_active: bool,
    found: &mut Vec<Finding>,
) -> anyhow::Result<Applied> {
    let Prepared { ready, rendered, .. } = prepared;
    let counts = Counts::of(&rendered.summary);
    // Live probes are for the first time; a domain whose server is down now must not hold up all others' policies.
    let probe =
        if is_active || !settings.postfix.probe.value { LiveProbe::Skip } else { LiveProbe::Run(Vec::new()) };
    let wanted = Wanted {
        table_type: target.table,
        settings: &rendered.summary.settings,
        written_for: target.written_for()?,
        probe,
    };
    let plan = Plan::make(&target.server.instance(), generations, Some(&ready), &wanted)?;
    let diff = plan.diff.clone();
    let refusals: Vec<Finding> = plan.refusals().cloned().collect();
    if !refusals.is_empty() {
        found.push(
            findings::NOT_ACTIVATED
                .finding("", "the new policy was not put into force; what was in force still is"),
        );
        found.extend(refusals);
        return Ok(Applied::Refused);
    }
    if kind == Kind::DryRun {
        return Ok(Applied::Tried { counts, diff });
    }
    let activated = postfix::activate(plan, generations, Some(ready))?;
    let generation = activated.published.map_or(0, |published| published.number);
    Ok(Applied::Exchanged { generation, counts, diff, running: activated.running })
}

/// Takes our table out of the mail server's configuration; the directory stays for when lists come back.
fn withdraw(
    generations: &Generations,
    instance: &Instance,
    kind: Kind,
    is_active: bool,
    found: &mut Vec<Finding>,
) -> anyhow::Result<Applied> {
    if !is_active {
        return Ok(Applied::Nothing);
    }
    if kind == Kind::DryRun {
        return Ok(Applied::Tried { counts: Counts::default(), diff: String::new() });
    }
    postfix::deactivate(instance, generations, Leftovers::Keep)?;
    let message =
        "no list is left that may be in force: our table was taken out of the mail server's configuration";
    let cure = "see what each list lacks; the first update that succeeds brings the policy back by itself";
    found.push(findings::WITHDRAWN.finding("", message).with_cure(cure));
    Ok(Applied::Withdrawn)
}

/// What holds now, in lines for a message.
pub(super) fn stands(applied: &Applied, known: &Known) -> Vec<String> {
    let mut lines = vec![match applied {
        Applied::Unchanged { counts } => format!("the policy is as it was: {counts}"),
        Applied::Exchanged { generation, counts, .. } => {
            format!("generation {generation} is in force: {counts}")
        }
        Applied::Written { generation, counts } => {
            format!("generation {generation} is written: {counts}")
        }
        Applied::Withdrawn => "our table is out of force; mail is encrypted where possible".into(),
        Applied::Nothing => "nothing is in force, and nothing was".into(),
        Applied::Refused => "the policy that was in force still is".into(),
        Applied::Tried { counts, .. } => format!("dry run: {counts}"),
    }];
    if let Applied::Exchanged { running, diff, .. } = applied {
        lines.push(match running {
            Running::Yes => "Postfix was reloaded and runs".into(),
            Running::No => "Postfix does not run; the policy counts from its next start on".into(),
        });
        lines.extend(
            diff.lines()
                .filter(|line| {
                    line.starts_with(['+', '-']) && !line.starts_with("--- ") && !line.starts_with("+++ ")
                })
                .map(|line| format!("main.cf: {line}")),
        );
    }
    lines.extend(known.lists.iter().map(|list| format!("list `{}` is in force", list.name)));
    lines
}
