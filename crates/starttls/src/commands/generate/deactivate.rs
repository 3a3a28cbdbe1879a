//! `--deactivate`: the table leaves main.cf, Postfix forgets it, and only then files are deleted.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use owo_colors::OwoColorize;
use serde_json::json;
use starttls_apply::postfix::{self, DeactivateError, Deactivated, Leftovers, Running, Use, other_output};
use starttls_apply::validity::{ActivationState, SavedState, State};
use starttls_policy::with_causes;

use super::Request;
use crate::clock;
use crate::exit::Exit;
use crate::output::{self, Format, print_findings};
use crate::target;
use crate::update::{timer, withheld};

pub(super) fn run(request: &Request, output: &Path, format: Format) -> anyhow::Result<Exit> {
    let generations = target::open(output)?;
    let before = ActivationState::read(generations.root());
    let saved = SavedState::save(&generations)?;
    // First, so that an update that comes between does not activate again what is just being taken out.
    let now = clock::now();
    ActivationState::new(State::Deactivated, now).write(&generations)?;
    let mut unnoted = withheld::begin(&request.settings, generations.root(), now).err();
    let done = postfix::deactivate(&request.target.server.instance(), &generations, Leftovers::Delete);
    let mut done = match done {
        Ok(done) => done,
        Err(error) => {
            // A damaged state may have been a deactivation, which stands.
            if before.is_ok_and(|before| before.is_none_or(|before| before.state != State::Deactivated)) {
                let _ = withheld::undo(&request.settings, generations.root());
            }
            saved.restore(&generations)?;
            return match error {
                DeactivateError::StillUsed(uses) => refuse(request, &uses, format),
                DeactivateError::OtherOutputs(others) => refuse_for(request, output, &others, format),
                error => Err(error.into()),
            };
        }
    };
    if done.was_active {
        unnoted = unnoted.or(withheld::begin_elsewhere(&request.settings, generations.root(), now).err());
    }
    if let Some(error) = unnoted {
        let words = with_causes(&error);
        let kept = generations.root().display();
        anstream::eprintln!("{} keep `{kept}` until the next update: {words}", "warning:".yellow().bold());
    }
    done.undeleted.extend(timer::remove(&request.settings, generations.root()));
    match format {
        Format::Text => print(&done, output)?,
        Format::Json => output::print_json(&json!({
            "mta": request.args.mta,
            "outcome": "deactivated",
            "was_active": done.was_active,
            "was_recorded": done.was_recorded,
            "reloaded": done.running == Running::Yes,
            "diff": done.diff,
            "other_outputs": done.other_outputs,
            "kept_settings": done.kept,
            "undeleted": done.undeleted,
        }))?,
    }
    Ok(Exit::Done)
}

/// Says what still leads to our files; nothing was changed.
fn refuse(request: &Request, uses: &[Use], format: Format) -> anyhow::Result<Exit> {
    if format == Format::Json {
        let uses: Vec<_> = uses
            .iter()
            .map(|found| {
                json!({
                    "place": found.place.to_string(),
                    "parameter": found.parameter,
                    "value": found.value,
                    "path": found.path.display().to_string(),
                    "cure": found.cure(),
                })
            })
            .collect();
        output::print_json(&json!({ "mta": request.args.mta, "outcome": "refused", "still_used_by": uses }))?;
        return Ok(Exit::Refused);
    }
    let mut err = anstream::stderr().lock();
    for found in uses {
        writeln!(err, "{} {found}", "error:".red().bold())?;
        writeln!(err, "  {}", found.cure())?;
    }
    writeln!(err, "{} not deactivated; nothing was changed or deleted", "refused:".red().bold())?;
    Ok(Exit::Refused)
}

/// Says that Postfix uses other output directories of ours; nothing was changed.
fn refuse_for(request: &Request, output: &Path, others: &[PathBuf], format: Format) -> anyhow::Result<Exit> {
    if format == Format::Json {
        let args = &request.args;
        output::print_json(&json!({ "mta": args.mta, "outcome": "refused", "other_outputs": others }))?;
        return Ok(Exit::Refused);
    }
    let mut err = anstream::stderr().lock();
    for other in others {
        let other = other.display();
        writeln!(
            err,
            "{} main.cf does not name our table in `{}`, but that of another output directory, `{other}`",
            "error:".red().bold(),
            output.display()
        )?;
        writeln!(err, "  run `starttls generate --mta postfix --output {other} --deactivate`")?;
    }
    writeln!(err, "{} not deactivated; nothing was changed or deleted", "refused:".red().bold())?;
    Ok(Exit::Refused)
}

fn print(done: &Deactivated, output: &Path) -> std::io::Result<()> {
    let mut err = anstream::stderr().lock();
    match (done.was_active, done.was_recorded) {
        (false, true) => writeln!(
            err,
            "{} main.cf no longer names our table: after its activation another program took it out",
            "note:".bold()
        )?,
        (false, false) => writeln!(err, "main.cf did not name our table; nothing changed there")?,
        (true, _) => {}
    }
    for line in done.diff.lines() {
        writeln!(err, "  {line}")?;
    }
    for name in &done.kept {
        writeln!(err, "{} `{name}` was changed since the activation, so it stays as it is", "note:".bold())?;
    }
    for file in &done.undeleted {
        writeln!(err, "{} {file}; nothing uses it any more", "warning:".yellow().bold())?;
    }
    match (done.was_active, done.running) {
        (true, Running::Yes) => {
            writeln!(err, "{} Postfix was reloaded without our table", "deactivated:".green().bold())
        }
        (true, Running::No) => writeln!(
            err,
            "{} Postfix does not run; it starts without our table",
            "deactivated:".green().bold()
        ),
        (false, _) => Ok(()),
    }?;
    writeln!(err, "  it stays out of force until `generate --activate` or `update --activate`")?;
    let others = done.other_outputs.iter().map(|other| other_output(other, output));
    print_findings(&mut err, &others.collect::<Vec<_>>())
}
