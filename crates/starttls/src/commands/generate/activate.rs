//! `--activate`: what changes in main.cf is shown, checked, changed, reloaded, verified; undone if any step fails.

use std::io::Write as _;
use std::path::Path;

use owo_colors::OwoColorize;
use serde_json::json;
use starttls_apply::postfix::{self, ActivateError, Activated, Plan, Running, Standing, Wanted};

use super::Request;
use super::write::{self, Prepared};
use crate::exit::Exit;
use crate::output::{self, Format, findings_json, print_findings};

/// Advice that the plan's own checks repeat with more knowledge.
const SAID_BY_PLAN: [&str; 5] = [
    "postfix.lookups-bypassed",
    "postfix.no-roots",
    "postfix.per-site-replaced",
    "postfix.policy-maps-open",
    "postfix.relayhost",
];

pub(super) fn run(request: &Request, output: &Path, format: Format) -> anyhow::Result<Exit> {
    let generations = write::open(output)?;
    let instance = request.server.instance();
    let detected = postfix::Detected::ask(&instance)?;
    let prepared = match write::prepare(request, &generations, Some(&detected))? {
        Ok(prepared) => prepared,
        Err(short) => return write::refuse(request, &short, format),
    };
    let Prepared { ready, mut rendered, native } = prepared;
    rendered.advice.retain(|finding| !SAID_BY_PLAN.contains(&finding.code));
    let wanted = Wanted {
        table_type: request.table(),
        settings: &rendered.summary.settings,
        written_for: request.written_for()?,
        probe: request.probe(),
    };
    let plan = Plan::make(&instance, &generations, Some(&ready), &wanted)?;
    if format == Format::Text {
        write::print_words(request, &rendered, &native)?;
        print_plan(&plan)?;
    }
    let (diff, findings) = (plan.diff.clone(), plan.findings.clone());
    let refused = plan.refusals().next().is_some();
    let outcome = match (refused, request.args.dry_run) {
        (true, _) => Outcome::Refused,
        (false, true) => Outcome::Tried,
        (false, false) => match postfix::activate(plan, &generations, Some(ready)) {
            Ok(activated) => Outcome::Done(activated),
            Err(ActivateError::Refused(_)) => Outcome::Refused,
            Err(error) => return Err(error.into()),
        },
    };
    match format {
        Format::Text => print_outcome(&outcome)?,
        Format::Json => output::print_json(&write::report(
            request,
            &rendered,
            &native,
            &json!({
                "outcome": outcome.name(),
                "activated": matches!(outcome, Outcome::Done(_)),
                "reloaded": matches!(&outcome, Outcome::Done(done) if done.running == Running::Yes),
                "diff": diff,
                "findings": findings_json(&findings),
            }),
        ))?,
    }
    Ok(if matches!(outcome, Outcome::Refused) { Exit::Refused } else { Exit::Done })
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

fn print_outcome(outcome: &Outcome) -> std::io::Result<()> {
    let mut err = anstream::stderr().lock();
    match outcome {
        Outcome::Refused => writeln!(err, "{} not activated; nothing was changed", "refused:".red().bold()),
        Outcome::Tried => writeln!(err, "{} nothing was put into force", "dry run:".bold()),
        Outcome::Done(activated) => {
            if let Some(published) = &activated.published {
                writeln!(err, "{} generation {} is in force", "activated:".green().bold(), published.number)?;
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
