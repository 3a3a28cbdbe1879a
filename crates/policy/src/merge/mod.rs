//! Several lists in the operator's order, seen as one: a later list replaces whole entries of an earlier one.
//!
//! An overlay may only tighten unless the operator allows more; what it may not do is kept beside the entry, so
//! that `why` can tell. Nothing is copied: the view walks the sorted lists side by side, be they in memory or compiled.
//!
//! Spec: docs/list-format.md, "Overlays".

mod domain_pattern;
mod layer;
mod scope;
#[cfg(test)]
mod tests;
mod walk;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

pub use domain_pattern::DomainPattern;
pub use layer::{Layer, LayerError};
pub use scope::{Relaxing, Scope};

use crate::domain::Domain;
use crate::list::Head;
use crate::mode::Mode;
use crate::pin::Label;
use crate::policy::Policy;
use crate::relaxed::{Relaxation, Relaxations};
use crate::timestamp::Date;
use walk::{Walk, next_entry};

/// All lists in force, as one.
#[derive(Clone, Debug)]
pub struct Merged<'a> {
    layers: Vec<Layer<'a>>,
    /// By name of the layer whose entries they are about.
    relaxed: Vec<(&'a str, &'a Relaxations)>,
}

/// One domain of the merged view.
#[derive(Clone, Debug)]
pub struct MergedEntry<'a> {
    /// The policy domain.
    pub domain: Cow<'a, Domain>,
    /// The policy that holds: the entry's, or one of lower mode.
    pub policy: Cow<'a, Policy>,
    /// The mode that the entry has in its list, whatever the scope makes of it.
    pub listed_mode: Mode,
    /// Name of the shared policy that the entry refers to.
    pub alias: Option<Cow<'a, Label>>,
    /// Since when the policy is as it stands in its list.
    pub since: Option<Date>,
    /// Name of the list that it comes from.
    pub layer: &'a str,
    /// What stands above that list's entries.
    pub head: &'a Head,
    /// The order by which the entry counts as `testing` for a while.
    pub relaxed: Option<&'a Relaxation>,
    /// Lists that name the domain too and do not hold.
    pub passed_over: Vec<PassedOver<'a>>,
}

/// A list that names a domain without effect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PassedOver<'a> {
    /// Name of the list.
    pub layer: &'a str,
    /// Why.
    pub cause: PassedOverCause,
}

/// Why a list's entry has no effect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PassedOverCause {
    /// A later list replaced it.
    Replaced,
    /// It would have weakened what an earlier list says.
    WouldRelax,
    /// It is neither tighter nor weaker than what an earlier list says.
    Incomparable,
    /// Its mode is capped, and so it is not at least as strict as what an earlier list says.
    Capped,
    /// An order lets it count as `testing`, and so it is not at least as strict as what an earlier list says.
    Relaxed,
}

impl<'a> Merged<'a> {
    /// Puts the layers together, first the base; lists that have ended are to be left out before.
    pub fn new(layers: Vec<Layer<'a>>) -> Self {
        Self { layers, relaxed: Vec::new() }
    }

    /// Lets the entries of the layer of that name that `relaxations` has count as `testing`; those of other layers are left.
    /// Said twice of one layer, the latter holds.
    #[must_use]
    pub fn relaxed_by(mut self, layer: &'a str, relaxations: &'a Relaxations) -> Self {
        self.relaxed.push((layer, relaxations));
        self
    }

    /// The entry that holds for a domain.
    ///
    /// # Errors
    /// [`LayerError`] of a compiled list that is damaged; what the others say is not told then, since it may not hold.
    pub fn get(&self, domain: &Domain) -> Result<Option<MergedEntry<'a>>, LayerError> {
        let mut held = None;
        for layer in &self.layers {
            if let Some(found) = layer.list.find(domain).map_err(|error| layer.error(error))? {
                held = layer.replace(self.orders(layer), held, found);
            }
        }
        Ok(held)
    }

    /// All domains in order, each with the entry that holds; ends behind the first error.
    pub fn iter(&self) -> impl Iterator<Item = Result<MergedEntry<'a>, LayerError>> + '_ {
        let mut walks: Vec<_> =
            self.layers.iter().map(|layer| Walk::new(layer, self.orders(layer))).collect();
        let mut has_failed = false;
        core::iter::from_fn(move || {
            let next = if has_failed { None } else { next_entry(&mut walks).transpose() };
            has_failed |= next.as_ref().is_some_and(Result::is_err);
            next
        })
    }

    fn orders(&self, layer: &Layer<'_>) -> Option<&'a Relaxations> {
        self.relaxed.iter().rfind(|(name, _)| *name == layer.name).map(|(_, orders)| *orders)
    }

    /// The layers, base first.
    pub fn layers(&self) -> &[Layer<'a>] {
        &self.layers
    }
}

impl fmt::Display for PassedOverCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replaced => "a later list replaces its entry",
            Self::WouldRelax => "it would relax what an earlier list says, and is not allowed to",
            Self::Incomparable => "it is neither tighter nor weaker than what an earlier list says",
            Self::Capped => {
                "its mode is capped, and with that it is not at least as strict as what an earlier list says"
            }
            Self::Relaxed => {
                "an order lets its entry count as `testing`, and with that it is not at least as strict as what an earlier list says"
            }
        })
    }
}
