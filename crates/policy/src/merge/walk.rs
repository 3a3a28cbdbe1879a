//! Sorted lists walked side by side, one domain at a time.

use super::{Layer, LayerError, MergedEntry};
use crate::lookup::{Entries, Found};
use crate::relaxed::Relaxations;

/// A layer's entries, of which the next one is at hand.
pub(super) struct Walk<'a, 'b> {
    layer: &'b Layer<'a>,
    orders: Option<&'a Relaxations>,
    entries: Entries<'a>,
    next: Option<Found<'a>>,
    has_begun: bool,
}

impl<'a, 'b> Walk<'a, 'b> {
    pub(super) fn new(layer: &'b Layer<'a>, orders: Option<&'a Relaxations>) -> Self {
        Self { layer, orders, entries: layer.list.entries(), next: None, has_begun: false }
    }

    fn advance(&mut self) -> Result<Option<Found<'a>>, LayerError> {
        let next = self.entries.next().transpose().map_err(|error| self.layer.error(error))?;
        Ok(core::mem::replace(&mut self.next, next))
    }
}

/// The next domain, of which the walks are moved past it, with the entry that holds.
pub(super) fn next_entry<'a>(walks: &mut [Walk<'a, '_>]) -> Result<Option<MergedEntry<'a>>, LayerError> {
    for walk in walks.iter_mut().filter(|walk| !walk.has_begun) {
        walk.has_begun = true;
        walk.advance()?;
    }
    loop {
        let domains = walks.iter().filter_map(|walk| walk.next.as_ref()).map(|found| &found.domain);
        let Some(domain) = domains.min().cloned() else { return Ok(None) };
        let mut held = None;
        let there = |walk: &&mut Walk<'a, '_>| walk.next.as_ref().is_some_and(|next| next.domain == domain);
        for walk in walks.iter_mut().filter(there) {
            if let Some(found) = walk.advance()? {
                held = walk.layer.replace(walk.orders, held, found);
            }
        }
        // Entries outside their list's scope hold nothing.
        if held.is_some() {
            return Ok(held);
        }
    }
}
