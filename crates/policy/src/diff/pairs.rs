//! Two sorted slices, read side by side.

use core::cmp::Ordering;

/// Two sorted slices side by side: what stands in the older, the newer or both.
pub(super) struct Pairs<'a, T, K> {
    old: &'a [T],
    new: &'a [T],
    key: fn(&T) -> &K,
}

impl<'a, T, K> Pairs<'a, T, K> {
    pub(super) fn new(old: &'a [T], new: &'a [T], key: fn(&T) -> &K) -> Self {
        Self { old, new, key }
    }
}

impl<'a, T, K: Ord> Iterator for Pairs<'a, T, K> {
    type Item = (Option<&'a T>, Option<&'a T>);

    fn next(&mut self) -> Option<Self::Item> {
        let order = match (self.old.first(), self.new.first()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => (self.key)(old).cmp((self.key)(new)),
        };
        let old = if order.is_le() { self.old.split_off_first() } else { None };
        let new = if order.is_ge() { self.new.split_off_first() } else { None };
        Some((old, new))
    }
}
