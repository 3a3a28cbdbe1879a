//! `--activate`: what changes in main.cf is shown, checked, changed, reloaded, verified; undone if any step fails.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use owo_colors::OwoColorize;
use serde_json::json;
use starttls_apply::postfix::{self, Activated, Plan, Running, Standing, Wanted};
use starttls_apply::validity::{Part, PartKind, Validity};
use starttls_policy::{Finding, Timestamp};

use super::Request;
use super::write;
use crate::clock;
use crate::exit::Exit;
use crate::output::{self, Format, findings_json, print_findings};
use crate::target::{self, Prepared};
use crate::update::{self, Entered, timer, withheld};

/// As `list check` warns of a list's end.
const SOON: Duration = Duration::from_hours(7 * 24);

/// Advice that the plan's own checks repeat with more knowledge.
const SAID_BY_PLAN: [&str; 5] = [
    "postfix.lookups-bypassed",
    "postfix.no-roots",
    "postfix.per-site-replaced",
    "postfix.policy-maps-open",
    "postfix.relayhost",
];

pub(super) fn run(request: &Request, output: &Path, format: Format) -> anyhow::Result<Exit> {
    let now = clock::now();
    let generations = target::open(output)?;
    let instance = request.target.server.instance();
    let detected = postfix::Detected::ask(&instance)?;
    let known = request.known(now)?.bounded(now);
    let prepared =
        match request.target.prepare(&generations, Some(&detected), &known, request.terms(), now)? {
            Ok(prepared) => prepared,
            Err(short) => return write::refuse(request, &short, format),
        };
    let is_safe = prepared.refusals().is_empty();
    let Prepared { ready, mut rendered, mut native, unanswered, validity, .. } = prepared;
    native.extend(unanswered);
    rendered.advice.retain(|finding| !SAID_BY_PLAN.contains(&finding.code));
    let wanted = Wanted {
        table_type: request.target.table,
        settings: &rendered.summary.settings,
        written_for: request.target.written_for()?,
        probe: request.probe(),
    };
    let plan = Plan::make(&instance, &generations, Some(&ready), &wanted)?;
    if format == Format::Text {
        write::print_words(request, &rendered, &native)?;
        print_plan(&plan)?;
    }
    let (diff, mut findings) = (plan.diff.clone(), plan.findings.clone());
    let soon = ends_soon(&validity, now);
    if format == Format::Text {
        print_findings(&mut anstream::stderr().lock(), &soon)?;
        print_expiry(&validity)?;
    }
    findings.extend(soon);
    let is_hidden = plan.is_hidden();
    let refused = !is_safe || plan.refusals().next().is_some();
    let outcome = match (refused, request.args.dry_run) {
        (true, _) => Outcome::Refused,
        (false, true) => Outcome::Tried,
        (false, false) => {
            let entered = Entered::write(&generations, &request.settings, None, now)?;
            match postfix::activate(plan, &generations, Some(ready)) {
                Ok(activated) => Outcome::Done(activated),
                Err(error) => return Err(entered.undone_after(error.into(), &generations)),
            }
        }
    };
    if matches!(outcome, Outcome::Done(_)) {
        // Where it cannot be ended, an update sees that the policy was activated since.
        let _ = withheld::end(&request.settings);
        let unwatched = timer::install(&request.settings, generations.root(), update::UNWATCHED);
        if format == Format::Text {
            print_findings(&mut anstream::stderr().lock(), unwatched.as_slice())?;
        }
        findings.extend(unwatched);
    }
    let expires = validity.first_expiry();
    match format {
        Format::Text => print_outcome(&outcome, is_hidden)?,
        Format::Json => output::print_json(&write::report(
            request,
            &rendered,
            &native,
            &json!({
                "outcome": outcome.name(),
                "activated": matches!(outcome, Outcome::Done(_)),
                "reloaded": matches!(&outcome, Outcome::Done(done) if done.running == Running::Yes),
                "diff": diff,
                "expires": expires.map(|end| end.to_string()),
                "findings": findings_json(&findings),
            }),
        ))?,
    }
    Ok(if matches!(outcome, Outcome::Refused) { Exit::Refused } else { Exit::Done })
}

/// Lists whose domains leave the policy within a week unless a newer list comes.
fn ends_soon(validity: &Validity, now: Timestamp) -> Vec<Finding> {
    let ends =
        |part: &Part| part.kind == PartKind::List && part.expires.is_some_and(|end| now.until(end) <= SOON);
    let ending = validity.parts.iter().filter(|part| ends(part));
    ending
        .filter_map(|part| {
            let message = format!("the list {} expires at {}", part.name, part.expires?);
            let cure = "activate a newer list before; its domains are taken out of force then";
            Some(Finding::warning("list.ends-soon", &*part.name, message).with_cure(cure))
        })
        .collect()
}

fn print_expiry(validity: &Validity) -> std::io::Result<()> {
    let mut err = anstream::stderr().lock();
    for part in validity.parts.iter().filter(|part| part.kind == PartKind::List) {
        if let Some(end) = part.expires {
            writeln!(err, "{} {} at {end}", "expires:".bold(), part.name)?;
        }
    }
    match validity.until {
        Some(until) => writeln!(err, "{} the whole policy at {until}, by --until", "expires:".bold()),
        None => Ok(()),
    }
}

enum Outcome {
    Done(Activated),
    Tried,
    Refused,
}

impl Outcome {
    fn name(&self) -> &'static str {
        match self {
            Self::Done(_) => "activated",
            Self::Tried => "dry-run",
            Self::Refused => "refused",
        }
    }
}

fn print_plan(plan: &Plan) -> std::io::Result<()> {
    let mut err = anstream::stderr().lock();
    print_findings(&mut err, &plan.findings)?;
    if plan.standing == Standing::Active {
        return writeln!(err, "main.cf names the table already: nothing changes there");
    }
    writeln!(err, "{}", "what changes in main.cf".bold())?;
    for line in plan.diff.lines() {
        match line.as_bytes().first() {
            Some(b'+') => writeln!(err, "  {}", line.green())?,
            Some(b'-') => writeln!(err, "  {}", line.red())?,
            _ => writeln!(err, "  {line}")?,
        }
    }
    Ok(())
}

fn print_outcome(outcome: &Outcome, is_hidden: bool) -> std::io::Result<()> {
    let mut err = anstream::stderr().lock();
    match outcome {
        Outcome::Refused => writeln!(err, "{} not activated; nothing was changed", "refused:".red().bold()),
        Outcome::Tried => writeln!(err, "{} nothing was put into force", "dry run:".bold()),
        Outcome::Done(activated) => {
            if let Some(published) = &activated.published {
                let state =
                    if is_hidden { "is named in main.cf and has no effect yet" } else { "is in force" };
                writeln!(err, "{} generation {} {state}", "activated:".green().bold(), published.number)?;
            }
            match activated.running {
                Running::Yes => writeln!(err, "  Postfix was reloaded and runs"),
                Running::No => {
                    writeln!(err, "  Postfix does not run; the policy counts from its next start on")
                }
            }?;
            writeln!(err, "  to take it back: the same command with --deactivate instead of --activate")
        }
    }
}
