//! Several lists as one: whatever a later list defines replaces what an earlier one defines under the same name.
//!
//! Unlike an overlay, which a client merges, this is the maintainer's own word, and so it may weaken; `review` shows it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use starttls_policy::{Alias, Dialect, Domain, Entry, Label, List, Pinset, Policy, Terms};

/// The lists as one of version 1; `None` when there is none.
pub(super) fn combined(sources: Vec<List>) -> Option<List> {
    let mut list = sources.into_iter().reduce(over)?;
    list.head.dialect = Dialect::One;
    // Of one source alone; whether it holds of the whole is found when that is read.
    list.findings.retain(|finding| finding.code != "list.unused-alias");
    Some(list)
}

/// Leaves out domains; the first that is not there is the error.
pub(super) fn remove(list: &mut List, removed: &[Domain]) -> Result<(), Domain> {
    if let Some(missing) = removed.iter().find(|domain| list.get(domain).is_none()) {
        return Err(missing.clone());
    }
    let removed: BTreeSet<&Domain> = removed.iter().collect();
    if !removed.is_empty() {
        list.entries.retain(|entry| !removed.contains(&entry.domain));
    }
    Ok(())
}

fn over(below: List, above: List) -> List {
    let mut head = below.head;
    head.author = head.author.or(above.head.author);
    head.extensions.extend(above.head.extensions);
    let mut pinset_extensions = below.pinset_extensions;
    pinset_extensions.retain(|name, _| !above.pinsets.contains_key(name));
    pinset_extensions.extend(above.pinset_extensions);
    let mut pinsets = below.pinsets;
    pinsets.extend(above.pinsets);
    let mut findings = below.findings;
    findings.extend(above.findings);

    let names = [names(&below.aliases), names(&above.aliases)];
    let mut by_name: BTreeMap<Label, Alias> = BTreeMap::new();
    for alias in below.aliases.into_iter().chain(above.aliases) {
        by_name.insert(alias.name.clone(), alias);
    }
    let places: BTreeMap<Label, u32> = by_name.keys().cloned().zip(0..).collect();
    let mut aliases: Vec<Alias> = by_name.into_values().collect();
    for alias in &mut aliases {
        follow_pinset(&mut alias.policy, &pinsets);
    }
    let [below_names, above_names] = names;
    let mut entries = merged(
        below.entries.into_iter().map(|entry| moved(entry, &below_names, &places)),
        above.entries.into_iter().map(|entry| moved(entry, &above_names, &places)),
    );
    for entry in &mut entries {
        if let Terms::Own(policy) = &mut entry.terms {
            follow_pinset(policy, &pinsets);
        }
    }
    List { head, pinsets, pinset_extensions, aliases, entries, findings }
}

fn names(aliases: &[Alias]) -> Vec<Label> {
    aliases.iter().map(|alias| alias.name.clone()).collect()
}

/// The entry with its shared policy's new place.
fn moved(entry: Entry, names: &[Label], places: &BTreeMap<Label, u32>) -> Entry {
    let place = match entry.terms {
        Terms::Own(_) => return entry,
        Terms::Alias(index) => {
            let name = usize::try_from(index).ok().and_then(|index| names.get(index));
            name.and_then(|name| places.get(name)).copied()
        }
    };
    // A reference to nothing stays one, and the writer refuses it.
    Entry { terms: Terms::Alias(place.unwrap_or(u32::MAX)), ..entry }
}

/// Both walked side by side; of two for one domain, that from above holds.
fn merged(below: impl Iterator<Item = Entry>, above: impl Iterator<Item = Entry>) -> Vec<Entry> {
    let (mut below, mut above) = (below.peekable(), above.peekable());
    let mut entries = Vec::new();
    loop {
        let order = match (below.peek(), above.peek()) {
            (None, None) => return entries,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.domain.cmp(&other.domain),
        };
        if order != Ordering::Greater {
            entries.extend(below.next().filter(|_| order == Ordering::Less));
        }
        if order != Ordering::Less {
            entries.extend(above.next());
        }
    }
}

/// A policy follows its pinset's name, as an entry follows its shared policy's.
fn follow_pinset(policy: &mut Policy, pinsets: &BTreeMap<Label, Arc<Pinset>>) {
    let now = policy.pinset.as_ref().and_then(|pinset| pinsets.get(&pinset.name));
    if let Some(now) = now {
        policy.pinset = Some(Arc::clone(now));
    }
}
