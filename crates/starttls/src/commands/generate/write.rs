//! With `--output`: a new generation, checked and put in the old one's place; Postfix is not touched.

use std::io::Write as _;
use std::path::Path;

use owo_colors::OwoColorize;
use serde_json::{Value, json};
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
    if detected.as_ref().is_some_and(|detected| detected.active_table(&generations).is_some()) {
        let place = generations.root().display();
        anstream::eprintln!(
            "{} main.cf uses the files in {place}, so they are not exchanged without its checks; add --activate",
            "refused:".red().bold()
        );
        return Ok(Exit::Refused);
    }
    let prepared = match request.target.prepare(&generations, detected.as_ref(), &request.known(now)?, now)? {
        Ok(prepared) => prepared,
        Err(short) => return refuse(request, &short, format),
    };
    let Prepared { ready, rendered, native } = prepared;
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
