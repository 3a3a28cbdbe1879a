//! The table's lines as of some moment, one at a time, in the order of domains.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use starttls_mta::postfix::{FRAGMENT, TABLE};
use starttls_mta::{Facts, Mta, Output, Renderer};
use starttls_policy::decide::Choices;
use starttls_policy::merge::Merged;
use starttls_policy::{Domain, Timestamp};
use starttls_sources::overrides::Overrides;

use super::walk::Walk;
use crate::decision;
use crate::generation::RenderError;

/// A line of the table: the domain, and what stands behind it.
pub(super) type Line = (String, String);

/// The files of a generation: lines in a queue, key files by name.
#[derive(Default)]
pub(super) struct Gathered {
    lines: VecDeque<Line>,
    /// Key files that the lines name.
    pub(super) keys: BTreeMap<String, String>,
}

impl Output for Gathered {
    fn append(&mut self, file: &str, text: &str) -> fmt::Result {
        match file {
            // The renderer hands over whole lines.
            TABLE => self.lines.extend(
                text.lines()
                    .filter(|line| !line.starts_with('#'))
                    .filter_map(|line| line.split_once(' '))
                    .map(|(domain, rest)| (domain.to_owned(), rest.to_owned())),
            ),
            FRAGMENT => {}
            key => self.keys.entry(key.to_owned()).or_default().push_str(text),
        }
        Ok(())
    }
}

/// The lines of the whole table as of some moment.
pub(super) struct Lines<'a> {
    walk: Walk<'a>,
    /// None when everything is rendered.
    renderer: Option<Box<dyn Renderer>>,
    gathered: Gathered,
}

impl<'a> Lines<'a> {
    pub(super) fn new(
        mta: &dyn Mta,
        facts: &Facts,
        merged: &'a Merged<'a>,
        overrides: &'a Overrides,
        choices: Choices,
        then: Timestamp,
    ) -> Result<Self, RenderError> {
        let renderer = Some(mta.renderer(facts).map_err(RenderError::Target)?);
        let walk = Walk::new(merged, overrides, choices, then);
        Ok(Self { walk, renderer, gathered: Gathered::default() })
    }

    /// The next line, which stays.
    pub(super) fn peek(&mut self) -> Result<Option<&Line>, RenderError> {
        while self.gathered.lines.is_empty() {
            let Some(renderer) = self.renderer.as_deref_mut() else { break };
            if !self.walk.step(renderer, &mut self.gathered)?
                && let Some(renderer) = self.renderer.take()
            {
                renderer.finish(&mut self.gathered)?;
            }
        }
        Ok(self.gathered.lines.front())
    }

    /// Takes the line that was peeked at.
    pub(super) fn take(&mut self) -> Option<Line> {
        self.gathered.lines.pop_front()
    }

    /// The key files that the lines name; all of them once the last line was taken.
    pub(super) fn keys(self) -> BTreeMap<String, String> {
        self.gathered.keys
    }
}

/// The lines of some domains by domain, and the key files that they name.
pub(super) struct OfDomains {
    pub(super) lines: BTreeMap<String, String>,
    pub(super) keys: BTreeMap<String, String>,
}

/// The lines of some domains alone as of some moment, and the key files that they name.
pub(super) fn of_domains(
    mta: &dyn Mta,
    facts: &Facts,
    merged: &Merged<'_>,
    overrides: &Overrides,
    choices: Choices,
    then: Timestamp,
    domains: &BTreeSet<&Domain>,
) -> Result<OfDomains, RenderError> {
    let mut renderer = mta.renderer(facts).map_err(RenderError::Target)?;
    let mut gathered = Gathered::default();
    for domain in domains {
        let entry = merged.get(domain)?;
        let operator = overrides.get(domain).filter(|operator| operator.until > then);
        if entry.is_some() || operator.is_some() {
            let decision = decision::from_lists(domain, operator, entry.as_ref(), choices, then);
            renderer.decision(&decision, &mut gathered)?;
        }
    }
    renderer.finish(&mut gathered)?;
    Ok(OfDomains { lines: gathered.lines.into_iter().collect(), keys: gathered.keys })
}
