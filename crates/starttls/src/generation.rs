//! From lists to a mail server's text: every entry decided, every decision rendered, nothing held back.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;

use starttls_mta::{Facts, Mta, Output, Summary};
use starttls_policy::decide::Choices;
use starttls_policy::merge::{LayerError, Merged};
use starttls_policy::{Domain, Finding, Severity, Timestamp};
use starttls_sources::overrides::Overrides;

use crate::output::{Progress, counted};
use crate::validity::Walk;

/// Why no text came out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenderError {
    /// The server cannot be written for.
    #[error("{}{}{}", .0.message, if .0.cure.is_empty() { "" } else { "; " }, .0.cure)]
    Target(Finding),
    /// The output took no more; its cause stays with it.
    #[error("the text could not be written")]
    Output(#[from] fmt::Error),
    /// A compiled list is damaged.
    #[error(transparent)]
    Index(#[from] LayerError),
}

/// What was rendered, and what there is to say about it.
pub(crate) struct Rendered {
    pub(crate) summary: Summary,
    /// What the operator should know about the server, whatever the list says.
    pub(crate) advice: Vec<Finding>,
}

impl Rendered {
    /// Tells whether something that is demanded goes unchecked.
    pub(crate) fn falls_short(&self) -> bool {
        self.summary.shortfalls.values().any(|shortfall| shortfall.severity >= Severity::Warning)
    }
}

impl Rendered {
    /// Names the domains whose line was left out in favour of an entry of the operator's own tables.
    pub(crate) fn left_to_operator(&self) -> impl Iterator<Item = Finding> {
        let codes = ["postfix.operator-incomparable", "postfix.operator-stricter"];
        codes.into_iter().filter_map(|code| {
            let shortfall = self.summary.shortfalls.get(code)?;
            let names: Vec<&str> = shortfall.examples.iter().map(Domain::as_str).collect();
            let more = if shortfall.count > names.len() as u64 { ", …" } else { "" };
            let domains = counted(shortfall.count, "domain", "domains");
            let message = format!("{domains} ({}{more}): {}", names.join(", "), shortfall.message);
            Some(Finding { severity: shortfall.severity, ..Finding::info(code, "", message) })
        })
    }
}

/// Renders all entries of the merged lists, and overridden domains that no list names, in the order of domains.
pub(crate) fn render(
    mta: &dyn Mta,
    facts: &Facts,
    merged: &Merged<'_>,
    overrides: &Overrides,
    choices: Choices,
    now: Timestamp,
    out: &mut dyn Output,
) -> Result<Rendered, RenderError> {
    let mut renderer = mta.renderer(facts).map_err(RenderError::Target)?;
    let advice = renderer.advice();
    let domains = merged.layers().iter().map(|layer| layer.list.domains() as u64).sum();
    let progress = Progress::over_domains("writing", domains);
    let mut walk = Walk::new(merged, overrides, choices, now);
    while walk.step(renderer.as_mut(), out)? {
        progress.step();
    }
    Ok(Rendered { summary: renderer.finish(out)?, advice })
}

/// Prints one file and drops the others.
pub(crate) struct OneFile<W> {
    name: &'static str,
    out: W,
    failed: Option<std::io::Error>,
}

impl<W: Write> OneFile<W> {
    pub(crate) fn new(name: &'static str, out: W) -> Self {
        Self { name, out, failed: None }
    }

    /// Flushes the output, or tells the error that stopped it.
    pub(crate) fn finish(mut self) -> std::io::Result<()> {
        self.failed.map_or_else(|| self.out.flush(), Err)
    }
}

impl<W: Write> Output for OneFile<W> {
    fn append(&mut self, file: &str, text: &str) -> fmt::Result {
        if file != self.name {
            return Ok(());
        }
        self.out.write_all(text.as_bytes()).map_err(|error| {
            self.failed = Some(error);
            fmt::Error
        })
    }
}

/// Keeps all files in memory: for `--format json`.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) BTreeMap<String, String>);

impl Output for Kept {
    fn append(&mut self, file: &str, text: &str) -> fmt::Result {
        self.0.entry(file.to_owned()).or_default().push_str(text);
        Ok(())
    }
}

/// Drops everything: for counts alone.
pub(crate) struct Nowhere;

impl Output for Nowhere {
    fn append(&mut self, _file: &str, _text: &str) -> fmt::Result {
        Ok(())
    }
}
