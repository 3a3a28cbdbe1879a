//! With `--output`: a new generation, checked and put in the old one's place; Postfix is not touched.

use std::io::Write as _;
use std::path::Path;

use owo_colors::OwoColorize;
use serde_json::{Value, json};
use starttls_apply::Generations;
use starttls_apply::postfix::{self, Detected};
use starttls_policy::Finding;

use super::Request;
use crate::clock;
use crate::exit::Exit;
use crate::generation::Rendered;
use crate::output::{
    self, Format, findings_json, print_findings, summary_json, write_settings, write_summary,
};
use crate::target::{self, FallsShort, Prepared};

pub(super) fn run(request: &Request, output: &Path, format: Format) -> anyhow::Result<Exit> {
    let now = clock::now();
    let generations = target::open(output)?;
    let detected = request.target.server.ask()?;
    if let Some(why) = why_in_use(request, &generations, detected.as_ref())? {
        anstream::eprintln!(
            "{} {why}, so the files in {} are not exchanged without its checks; add --activate",
            "refused:".red().bold(),
            generations.root().display()
        );
        return Ok(Exit::Refused);
    }
    let known = request.known(now)?.bounded(now);
    let prepared =
        match request.target.prepare(&generations, detected.as_ref(), &known, request.terms(), now)? {
            Ok(prepared) => prepared,
            Err(short) => return refuse(request, &short, format),
        };
    let Prepared { ready, rendered, mut native, unanswered, .. } = prepared;
    native.extend(unanswered);
    let published = ready.publish()?;
    match format {
        Format::Text => {
            print_words(request, &rendered, &native)?;
            let place = generations.current_directory();
            anstream::eprintln!(
                "{} generation {} is at {}",
                "written:".green().bold(),
                published.number,
                place.display()
            );
            if let Some(previous) = published.previous {
                anstream::eprintln!("  the one before it, {previous}, is kept");
            }
            anstream::eprintln!(
                "  Postfix does not use it yet; `--activate` checks, shows and makes the change"
            );
        }
        Format::Json => output::print_json(&report(
            request,
            &rendered,
            &native,
            &json!({
                "generation": published.number,
                "previous": published.previous,
                "directory": generations.current_directory().display().to_string(),
                "outcome": "written",
            }),
        ))?,
    }
    if let Some(untidy) = published.untidy {
        anstream::eprintln!("{} leftovers stay until the next run: {untidy}", "warning:".yellow().bold());
    }
    Ok(Exit::Done)
}

/// The first thing by which a Postfix of this machine uses the files in the output directory.
///
/// It is asked even if the text is for another version: the directory counts, not the text.
fn why_in_use(
    request: &Request,
    generations: &Generations,
    detected: Option<&Detected>,
) -> anyhow::Result<Option<String>> {
    let asked = match detected {
        Some(_) => None,
        None => Detected::ask(&request.target.server.instance()).ok(),
    };
    if let Some(detected) = detected.or(asked.as_ref()) {
        return Ok(detected.uses_of(generations.root()).first().map(ToString::to_string));
    }
    let recorded = postfix::recorded_instance(generations)?;
    Ok(recorded.map(|config| format!("an activation for `{}` is on record", config.display())))
}

/// Says why `--strict` wrote nothing.
pub(super) fn refuse(request: &Request, short: &FallsShort, format: Format) -> anyhow::Result<Exit> {
    if format == Format::Json {
        output::print_json(&report(request, &short.0, &[], &json!({ "outcome": "falls-short" })))?;
        return Ok(Exit::Warnings);
    }
    let mut err = anstream::stderr().lock();
    write_summary(&mut err, request.target.mta.title(), &short.0.summary)?;
    writeln!(
        err,
        "{} nothing was written: --strict, and not everything can be expressed",
        "error:".red().bold()
    )?;
    Ok(Exit::Warnings)
}

/// Says what was rendered.
pub(super) fn print_words(request: &Request, rendered: &Rendered, native: &[Finding]) -> anyhow::Result<()> {
    let mut err = anstream::stderr().lock();
    write_summary(&mut err, request.target.mta.title(), &rendered.summary)?;
    print_findings(&mut err, &rendered.advice)?;
    print_findings(&mut err, native)?;
    if !request.args.activate {
        write_settings(&mut err, &rendered.summary)?;
    }
    Ok(())
}

/// The result for `--format json`: what every way of writing says, and `more`.
pub(super) fn report(request: &Request, rendered: &Rendered, native: &[Finding], more: &Value) -> Value {
    let mut value = json!({
        "mta": request.args.mta,
        "summary": summary_json(&rendered.summary),
        "advice": findings_json(&[rendered.advice.as_slice(), native].concat()),
    });
    if let (Some(members), Some(more)) = (value.as_object_mut(), more.as_object()) {
        members.extend(more.clone());
    }
    value
}
