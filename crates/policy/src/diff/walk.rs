//! The walks over shared policies and entries of both lists, side by side.

use alloc::vec::Vec;

use super::pairs::Pairs;
use super::policy::{Alteration, Said, altered, renoted};
use super::{Change, EntryChange, SharedChange, Totals};
use crate::list::{Alias, Entry, List, Terms};
use crate::policy::Strictness;

/// What changed in each shared policy of the older list that stands in the newer one too; by its index.
pub(super) fn altered_aliases<'a>(old: &'a List, new: &'a List) -> Vec<Option<Alteration<'a>>> {
    let pairs = Pairs::new(&old.aliases, &new.aliases, |alias| &alias.name);
    let old_ones = pairs.filter_map(|(old, new)| old.map(|old| (old, new)));
    old_ones.map(|(old, new)| altered(said_by_alias(old), said_by_alias(new?))).collect()
}

fn said_by_alias(alias: &Alias) -> Said<'_> {
    Said { alias: None, policy: &alias.policy, notes: Some(&alias.notes) }
}

/// What the walk over the entries found.
pub(super) struct Walked<'a> {
    pub(super) changes: Vec<EntryChange<'a>>,
    /// How many entries refer to each shared policy of the older list, and to the one of that name in the newer.
    pub(super) followers: Vec<usize>,
    pub(super) totals: Totals,
}

/// Walks the entries of both lists.
pub(super) fn entries<'a>(
    old: &'a List,
    new: &'a List,
    altered_aliases: &[Option<Alteration<'a>>],
) -> Walked<'a> {
    let followers = altered_aliases.iter().map(|_| 0).collect();
    let mut walked = Walked { changes: Vec::new(), followers, totals: Totals::default() };
    for pair in Pairs::new(&old.entries, &new.entries, |entry| &entry.domain) {
        match pair {
            (Some(old_entry), Some(new_entry)) => {
                if let Some((followed, change)) = walked.stayed(old, old_entry, new, new_entry) {
                    let shared = followed.and_then(|index| altered_aliases.get(index)?.as_ref());
                    walked.count_stayed(shared.or(change.as_ref()).map(|alteration| alteration.strictness));
                    walked.push(new_entry, change.map(Change::Altered));
                }
            }
            (Some(entry), None) => {
                walked.totals.removed += 1;
                walked.push(entry, old.listed(entry).map(|listed| Change::Removed(listed.policy)));
            }
            (None, Some(entry)) => {
                walked.totals.added += 1;
                walked.push(entry, new.listed(entry).map(|listed| Change::Added(listed.policy)));
            }
            (None, None) => {}
        }
    }
    walked
}

impl<'a> Walked<'a> {
    /// An entry of both lists: the shared policy that it follows as before, and what changed in itself.
    fn stayed(
        &mut self,
        old: &'a List,
        old_entry: &'a Entry,
        new: &'a List,
        new_entry: &'a Entry,
    ) -> Option<(Option<usize>, Option<Alteration<'a>>)> {
        let (before, after) = (old.listed(old_entry)?, new.listed(new_entry)?);
        let (old_notes, new_notes) = (old_entry.notes.as_deref(), new_entry.notes.as_deref());
        match old_entry.terms {
            Terms::Alias(index) if before.alias == after.alias => {
                let index = usize::try_from(index).ok()?;
                if let Some(count) = self.followers.get_mut(index) {
                    *count += 1;
                }
                Some((Some(index), renoted(old_notes, new_notes)))
            }
            _ => {
                let old = Said { alias: before.alias, policy: before.policy, notes: old_notes };
                let new = Said { alias: after.alias, policy: after.policy, notes: new_notes };
                Some((None, altered(old, new)))
            }
        }
    }

    fn count_stayed(&mut self, fate: Option<Strictness>) {
        let count = match fate {
            None => &mut self.totals.untouched,
            Some(Strictness::Same) => &mut self.totals.restated,
            Some(Strictness::Tighter) => &mut self.totals.tightened,
            Some(Strictness::Looser) => &mut self.totals.relaxed,
            Some(Strictness::Incomparable) => &mut self.totals.incomparable,
        };
        *count += 1;
    }

    fn push(&mut self, entry: &'a Entry, change: Option<Change<'a>>) {
        self.changes.extend(change.map(|change| EntryChange { domain: &entry.domain, change }));
    }
}

/// The changes to shared policies, with how many domains each touches.
pub(super) fn shared<'a>(
    old: &'a List,
    new: &'a List,
    altered: Vec<Option<Alteration<'a>>>,
    followers: &[usize],
) -> Vec<SharedChange<'a>> {
    let mut of_old = altered.into_iter().zip(followers).zip(old.domains_per_alias());
    let mut of_new = new.domains_per_alias().into_iter();
    let mut changes = Vec::new();
    for (before, after) in Pairs::new(&old.aliases, &new.aliases, |alias| &alias.name) {
        let in_old = before.and_then(|_| of_old.next());
        let in_new = after.and_then(|_| of_new.next());
        let change = match (before, after, in_old, in_new) {
            (_, Some(alias), None, Some(domains)) => Some((alias, Change::Added(&alias.policy), domains)),
            (Some(alias), None, Some((_, domains)), _) => {
                Some((alias, Change::Removed(&alias.policy), domains))
            }
            (_, Some(alias), Some(((alteration, followers), _)), _) => {
                alteration.map(|alteration| (alias, Change::Altered(alteration), *followers))
            }
            _ => None,
        };
        changes.extend(change.map(|(alias, change, domains)| SharedChange {
            name: &alias.name,
            change,
            domains,
        }));
    }
    changes
}
