//! MX changes by what was added and removed: one line for a host that moved under a thousand domains.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::policy::{Fact, MxEdit};
use super::{Change, EntryChange, SharedChange};
use crate::domain::Domain;
use crate::pin::Label;

/// Most domains that an [`MxChange`] names.
pub const MAX_MX_EXAMPLES: usize = 10;

/// One MX change and all that it touches.
#[derive(Clone, Debug, PartialEq)]
pub struct MxChange<'a> {
    /// What came and went.
    pub edit: MxEdit<'a>,
    /// Domains touched, through shared policies too.
    pub domains: usize,
    /// Shared policies that changed so, sorted.
    pub shared: Vec<&'a Label>,
    /// The first domains whose own policy changed so, at most [`MAX_MX_EXAMPLES`].
    pub examples: Vec<&'a Domain>,
}

#[derive(Default)]
struct Group<'a> {
    domains: usize,
    shared: Vec<&'a Label>,
    examples: Vec<&'a Domain>,
}

/// Groups the MX changes; those that touch most domains come first.
pub(super) fn grouped<'a>(shared: &[SharedChange<'a>], entries: &[EntryChange<'a>]) -> Vec<MxChange<'a>> {
    let mut groups: BTreeMap<&MxEdit<'a>, Group<'a>> = BTreeMap::new();
    for one in shared {
        if let Some(edit) = edit(&one.change) {
            let group = groups.entry(edit).or_default();
            group.domains += one.domains;
            group.shared.push(one.name);
        }
    }
    for one in entries {
        if let Some(edit) = edit(&one.change) {
            let group = groups.entry(edit).or_default();
            group.domains += 1;
            if group.examples.len() < MAX_MX_EXAMPLES {
                group.examples.push(one.domain);
            }
        }
    }
    let mut changes: Vec<MxChange<'a>> = groups
        .into_iter()
        .map(|(edit, Group { domains, shared, examples })| MxChange {
            edit: edit.clone(),
            domains,
            shared,
            examples,
        })
        .collect();
    // Stable: what touches as many domains stays sorted by the patterns.
    changes.sort_by_key(|change| Reverse(change.domains));
    changes
}

fn edit<'c, 'a>(change: &'c Change<'a>) -> Option<&'c MxEdit<'a>> {
    let Change::Altered(alteration) = change else { return None };
    alteration.facts.iter().find_map(|fact| match fact {
        Fact::Mx(edit) if *edit != MxEdit::default() => Some(edit),
        _ => None,
    })
}
