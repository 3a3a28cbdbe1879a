//! The domains of lists and overrides in order, one decision at a time.

use std::iter::Peekable;

use starttls_mta::{Output, Renderer};
use starttls_policy::decide::Choices;
use starttls_policy::decide::overrides::Override;
use starttls_policy::merge::{LayerError, Merged, MergedEntry};
use starttls_policy::{Domain, Timestamp};
use starttls_sources::overrides::Overrides;

use crate::decision;
use crate::generation::RenderError;

/// All entries of merged lists, and overridden domains that no list names, in the order of domains.
pub(crate) struct Walk<'a> {
    entries: Peekable<Box<dyn Iterator<Item = Result<MergedEntry<'a>, LayerError>> + 'a>>,
    operators: Peekable<Box<dyn Iterator<Item = &'a Override> + 'a>>,
    choices: Choices,
    now: Timestamp,
}

impl<'a> Walk<'a> {
    /// Begins with the first domain, as of `now`.
    pub(crate) fn new(
        merged: &'a Merged<'a>,
        overrides: &'a Overrides,
        choices: Choices,
        now: Timestamp,
    ) -> Self {
        let entries: Box<dyn Iterator<Item = _> + 'a> = Box::new(merged.iter());
        let operators: Box<dyn Iterator<Item = _> + 'a> =
            Box::new(overrides.in_force(now).map(|standing| &standing.operator));
        Self { entries: entries.peekable(), operators: operators.peekable(), choices, now }
    }

    /// Renders the decision on the next domain; tells whether there was one.
    pub(crate) fn step(
        &mut self,
        renderer: &mut dyn Renderer,
        out: &mut dyn Output,
    ) -> Result<bool, RenderError> {
        let is_before = |operator: &&Override, domain: &Domain| operator.domain < *domain;
        let unlisted = match self.entries.peek() {
            Some(Ok(entry)) => self.operators.next_if(|operator| is_before(operator, &entry.domain)),
            Some(Err(_)) => None,
            None => self.operators.next(),
        };
        if let Some(operator) = unlisted {
            let decision =
                decision::from_lists(&operator.domain, Some(operator), None, self.choices, self.now);
            renderer.decision(&decision, out)?;
            return Ok(true);
        }
        let Some(entry) = self.entries.next().transpose()? else { return Ok(false) };
        let operator = self.operators.next_if(|operator| operator.domain == *entry.domain);
        let decision = decision::from_lists(&entry.domain, operator, Some(&entry), self.choices, self.now);
        renderer.decision(&decision, out)?;
        Ok(true)
    }
}
