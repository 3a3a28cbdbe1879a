//! One list of several, and how its entries replace those of earlier ones.

use alloc::string::String;
use alloc::vec::Vec;

use super::{MergedEntry, PassedOver, PassedOverCause, Relaxing, Scope};
use crate::index::IndexError;
use crate::lookup::{Found, Lookup};
use crate::name::printable;
use crate::policy::{Policy, Strictness};
use crate::relaxed::{Relaxations, relaxed};

/// One list and what the operator lets it do.
#[derive(Clone, Debug)]
pub struct Layer<'a> {
    /// What the operator calls it: its file name.
    pub name: &'a str,
    /// The list.
    pub list: &'a dyn Lookup,
    /// Its scope.
    pub scope: Scope,
}

/// A compiled list that cannot be asked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}: {error}", printable(layer))]
pub struct LayerError {
    /// Name of the list.
    pub layer: String,
    /// What is wrong with it.
    pub error: IndexError,
}

impl<'a> Layer<'a> {
    pub(super) fn error(&self, error: IndexError) -> LayerError {
        LayerError { layer: self.name.into(), error }
    }

    /// Lets an entry of this layer replace what holds so far, if it may.
    pub(super) fn replace(
        &self,
        orders: Option<&'a Relaxations>,
        held: Option<MergedEntry<'a>>,
        found: Found<'a>,
    ) -> Option<MergedEntry<'a>> {
        if !self.scope.covers(&found.domain) {
            return held;
        }
        let listed_mode = found.policy.mode;
        let capped = self.scope.capped(found.policy);
        let order = orders.and_then(|orders| orders.get(found.domain.as_ref()));
        let (policy, relaxed) = match order.zip(relaxed(&capped)) {
            Some((order, relaxed)) => (relaxed, Some(order)),
            None => (capped, None),
        };
        let mut new = MergedEntry {
            domain: found.domain,
            listed_mode,
            policy,
            relaxed,
            alias: found.alias,
            since: found.since,
            layer: self.name,
            head: self.list.head(),
            passed_over: Vec::new(),
        };
        let Some(mut old) = held else { return Some(new) };
        if let Some(cause) = obstacle(&self.scope, &new, &old.policy) {
            old.passed_over.push(PassedOver { layer: self.name, cause });
            return Some(old);
        }
        new.passed_over = old.passed_over;
        new.passed_over.push(PassedOver { layer: old.layer, cause: PassedOverCause::Replaced });
        Some(new)
    }
}

fn obstacle(scope: &Scope, new: &MergedEntry<'_>, old: &Policy) -> Option<PassedOverCause> {
    let strictness = new.policy.compared_with(old);
    if matches!(strictness, Strictness::Same | Strictness::Tighter) {
        return None;
    }
    // An order acts on what the cap left of the mode, so it is never both.
    let was_capped = new.relaxed.is_none() && new.policy.mode < new.listed_mode;
    match (was_capped, scope.relaxing, strictness) {
        (true, _, _) => Some(PassedOverCause::Capped),
        (false, Relaxing::Allowed, _) => None,
        (false, Relaxing::Refused, _) if new.relaxed.is_some() => Some(PassedOverCause::Relaxed),
        (false, Relaxing::Refused, Strictness::Looser) => Some(PassedOverCause::WouldRelax),
        (false, Relaxing::Refused, _) => Some(PassedOverCause::Incomparable),
    }
}
