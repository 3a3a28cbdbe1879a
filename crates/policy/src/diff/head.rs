//! What changed around the entries: the head and the pinsets.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use smol_str::SmolStr;

use super::pairs::Pairs;
use super::{HeadChange, PinsetChange};
use crate::list::{Extensions, List};
use crate::pin::{Label, Pinset};

pub(super) fn head<'a>(old: &'a List, new: &'a List) -> Vec<HeadChange<'a>> {
    let (old, new) = (&old.head, &new.head);
    let names = extensions(Some(&old.extensions), Some(&new.extensions));
    let changes = [
        (old.dialect != new.dialect, HeadChange::Dialect(old.dialect, new.dialect)),
        (old.author != new.author, HeadChange::Author(old.author.as_deref(), new.author.as_deref())),
        (old.serial != new.serial, HeadChange::Serial(old.serial, new.serial)),
        (old.timestamp != new.timestamp, HeadChange::Timestamp(old.timestamp, new.timestamp)),
        (old.expires != new.expires, HeadChange::Expires(old.expires, new.expires)),
        (!names.is_empty(), HeadChange::Extensions(names)),
    ];
    changes.into_iter().filter_map(|(differs, change)| differs.then_some(change)).collect()
}

pub(super) fn pinsets<'a>(old: &'a List, new: &'a List) -> Vec<PinsetChange<'a>> {
    let before: Vec<&Pinset> = old.pinsets.values().map(|pinset| &**pinset).collect();
    let after: Vec<&Pinset> = new.pinsets.values().map(|pinset| &**pinset).collect();
    let pairs = Pairs::new(&before, &after, |pinset| &pinset.name);
    let changes = pairs.filter_map(|(before, after)| {
        let name = &after.or(before)?.name;
        let extensions = extensions(old.pinset_extensions.get(name), new.pinset_extensions.get(name));
        let (old, new) = (before.copied(), after.copied());
        let differs = old != new || !extensions.is_empty();
        differs.then_some(PinsetChange { name, old, new, extensions, domains: 0 })
    });
    let mut changes: Vec<_> = changes.collect();
    if !changes.is_empty() {
        let (in_old, in_new) = (domains_per_pinset(old), domains_per_pinset(new));
        for change in &mut changes {
            let domains = if change.new.is_some() { &in_new } else { &in_old };
            change.domains = domains.get(change.name).copied().unwrap_or(0);
        }
    }
    changes
}

/// How many domains have a policy with a pinset of each name.
fn domains_per_pinset(list: &List) -> BTreeMap<&Label, usize> {
    let mut domains = BTreeMap::new();
    for pinset in list.iter().filter_map(|listed| listed.policy.pinset.as_ref()) {
        *domains.entry(&pinset.name).or_insert(0) += 1;
    }
    domains
}

/// Names of the `x-` members that stand in one of them alone, or with another value.
pub(super) fn extensions<'a>(old: Option<&'a Extensions>, new: Option<&'a Extensions>) -> Vec<&'a str> {
    let members = |all: Option<&'a Extensions>| all.into_iter().flatten();
    let value = |all: Option<&'a Extensions>, name: &SmolStr| all.and_then(|all| all.get(name));
    let gone_or_other = members(old).filter(|(name, is)| value(new, name) != Some(is));
    let added = members(new).filter(|(name, _)| value(old, name).is_none());
    let mut names: Vec<&str> = gone_or_other.chain(added).map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
}
