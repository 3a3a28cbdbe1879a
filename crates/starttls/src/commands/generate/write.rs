//! With `--output`: a new generation, checked and put in the old one's place; Postfix is not touched.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use owo_colors::OwoColorize;
use serde_json::{Value, json};
use starttls_apply::Generations;
use starttls_apply::generations::{Ready, Rejected, recheck};
use starttls_apply::postfix::{Detected, native};
use starttls_mta::Output;
use starttls_mta::postfix::TABLE;
use starttls_policy::Finding;

use super::Request;
use crate::clock;
use crate::exit::Exit;
use crate::generation::{self, Rendered};
use crate::lists;
use crate::output::{
    self, Format, findings_json, print_findings, summary_json, write_settings, write_summary,
};

/// The summary, beside the files that it is about.
const SUMMARY: &str = "summary.txt";

/// A generation that is complete and checked, and what there is to say about it.
pub(super) struct Prepared<'a> {
    pub(super) ready: Ready<'a>,
    pub(super) rendered: Rendered,
    /// What the server's own tools say.
    pub(super) native: Vec<Finding>,
}

/// Nothing was prepared, since `--strict` was given and something falls short.
pub(super) struct FallsShort(pub(super) Rendered);

pub(super) fn run(request: &Request, output: &Path, format: Format) -> anyhow::Result<Exit> {
    let generations = open(output)?;
    let detected = request.server.ask()?;
    if detected.as_ref().is_some_and(|detected| detected.active_table(&generations).is_some()) {
        let place = generations.root().display();
        anstream::eprintln!(
            "{} main.cf uses the files in {place}, so they are not exchanged without its checks; add --activate",
            "refused:".red().bold()
        );
        return Ok(Exit::Refused);
    }
    let prepared = match prepare(request, &generations, detected.as_ref())? {
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

/// Opens the operator's directory, which is ours alone.
pub(super) fn open(output: &Path) -> anyhow::Result<Generations> {
    let absolute =
        std::path::absolute(output).with_context(|| format!("cannot tell where {} is", output.display()))?;
    Ok(Generations::open(&absolute)?)
}

/// Writes and checks a generation that is not yet in force.
pub(super) fn prepare<'a>(
    request: &Request,
    generations: &'a Generations,
    detected: Option<&Detected>,
) -> anyhow::Result<Result<Prepared<'a>, FallsShort>> {
    let now = clock::now();
    let mta = request.mta()?;
    let known = request.known(now)?;
    let merged = lists::merged(&known.lists);
    let facts = request.facts(detected, &generations.current_directory());
    let mut draft = generations.draft()?;
    let rendered =
        generation::render(mta, &facts, &merged, &known.overrides, request.choices(), now, &mut draft);
    let rendered = match rendered {
        Err(generation::RenderError::Output(_)) => {
            // The draft knows what stopped it.
            draft.check(&mut |_, _| Ok(()))?;
            anyhow::bail!("the files could not be written");
        }
        other => other?,
    };
    if request.is_strict() && rendered.falls_short() {
        return Ok(Err(FallsShort(rendered)));
    }
    // An error here stays with the draft, and comes out of `check`.
    let _ = draft.append(SUMMARY, &summary_text(mta.title(), &rendered)?);
    let mut native = Vec::new();
    let instance = request.server.instance();
    let ready = draft.check(&mut |file, path| {
        if file == SUMMARY {
            return Ok::<(), Rejected>(());
        }
        recheck(mta, file, path)?;
        if file == TABLE {
            native = native::check(&instance, request.table(), file, path)?;
        }
        Ok(())
    })?;
    Ok(Ok(Prepared { ready, rendered, native }))
}

/// Says why `--strict` wrote nothing.
pub(super) fn refuse(request: &Request, short: &FallsShort, format: Format) -> anyhow::Result<Exit> {
    if format == Format::Json {
        output::print_json(&report(request, &short.0, &[], &json!({ "outcome": "falls-short" })))?;
        return Ok(Exit::Warnings);
    }
    let mut err = anstream::stderr().lock();
    write_summary(&mut err, request.mta()?.title(), &short.0.summary)?;
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
    write_summary(&mut err, request.mta()?.title(), &rendered.summary)?;
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

fn summary_text(title: &str, rendered: &Rendered) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let mut out = anstream::StripStream::new(&mut bytes);
    write_summary(&mut out, title, &rendered.summary)?;
    print_findings(&mut out, &rendered.advice)?;
    write_settings(&mut out, &rendered.summary)?;
    Ok(String::from_utf8(bytes)?)
}
