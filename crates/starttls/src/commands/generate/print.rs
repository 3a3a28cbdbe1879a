//! Without `--output`: the table to stdout, the summary to stderr, nothing written.

use std::io::BufWriter;

use serde_json::json;
use starttls_mta::postfix::TABLE;

use super::Request;
use super::write::{self, FallsShort};
use crate::clock;
use crate::exit::Exit;
use crate::generation::{self, Kept, Nowhere, OneFile, Rendered};
use crate::lists;
use crate::output::{
    self, Format, findings_json, print_findings, summary_json, write_settings, write_summary,
};

pub(super) fn run(request: &Request, format: Format) -> anyhow::Result<Exit> {
    let now = clock::now();
    let mta = request.mta()?;
    let known = request.known(now)?;
    let merged = lists::merged(&known.lists);
    let detected = request.server.ask()?;
    // Where files would be if nothing else is said.
    let usual = request.settings.postfix.output.value.join("current");
    let facts = request.facts(detected.as_ref(), &usual);
    let choices = request.choices();
    if request.is_strict() {
        let tried = generation::render(mta, &facts, &merged, &known.overrides, choices, now, &mut Nowhere)?;
        if tried.falls_short() {
            return write::refuse(request, &FallsShort(tried), format);
        }
    }
    match format {
        Format::Text => {
            let mut out = OneFile::new(TABLE, BufWriter::new(std::io::stdout().lock()));
            let rendered = generation::render(mta, &facts, &merged, &known.overrides, choices, now, &mut out);
            out.finish()?;
            print_words(mta.title(), &rendered?)?;
        }
        Format::Json => {
            let mut files = Kept::default();
            let rendered =
                generation::render(mta, &facts, &merged, &known.overrides, choices, now, &mut files)?;
            output::print_json(&json!({
                "mta": mta.name(),
                "files": files.0,
                "summary": summary_json(&rendered.summary),
                "advice": findings_json(&rendered.advice),
            }))?;
        }
    }
    Ok(Exit::Done)
}

fn print_words(title: &str, rendered: &Rendered) -> std::io::Result<()> {
    let mut err = anstream::stderr().lock();
    write_summary(&mut err, title, &rendered.summary)?;
    print_findings(&mut err, &rendered.advice)?;
    write_settings(&mut err, &rendered.summary)
}
