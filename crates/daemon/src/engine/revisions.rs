//! Revisions: which answers were made before the policy of their domain changed.
//!
//! A domain has many answers: one for each map, port and spelling of the next hop. Each carries the revision at which it was made
//! and the place of its domain, so that a change voids all of them at once, wherever they are, and also one that is being
//! composed from the old state at that moment.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};

use starttls_policy::Domain;

/// Domains whose hashes meet in one place share its fate: their answers are composed anew a little too often.
const PLACES: usize = 1 << 16;

/// Counts changes, and knows the last one of each place.
pub(crate) struct Revisions {
    last: AtomicU32,
    changed: Box<[AtomicU32]>,
    hasher: RandomState,
}

/// The number of changes so far.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Revision(u32);

/// Where the changes of a domain are counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Place(u16);

impl Revisions {
    pub(crate) fn new() -> Self {
        let changed = (0..PLACES).map(|_| AtomicU32::new(0)).collect();
        Self { last: AtomicU32::new(0), changed, hasher: RandomState::new() }
    }

    /// The revision now: to be read before the state that an answer is made from.
    pub(crate) fn now(&self) -> Revision {
        Revision(self.last.load(Ordering::Acquire))
    }

    /// Voids all answers for a domain that were made from its state before: to be called after the state has changed.
    pub(crate) fn change(&self, domain: &Domain) {
        let revision = self.last.fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        if let Some(changed) = self.changed.get(usize::from(self.place(domain).0)) {
            changed.fetch_max(revision, Ordering::AcqRel);
        }
    }

    /// Voids the answers for all domains that were made from their state before.
    pub(crate) fn change_all(&self) {
        let revision = self.last.fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        for changed in &self.changed {
            changed.fetch_max(revision, Ordering::AcqRel);
        }
    }

    pub(crate) fn place(&self, domain: &Domain) -> Place {
        // The lowest bits of a keyed hash are as good as any.
        Place((self.hasher.hash_one(domain) & 0xffff) as u16)
    }

    /// Tells whether nothing has changed at this place since.
    pub(crate) fn is_current(&self, place: Place, made: Revision) -> bool {
        let changed = self.changed.get(usize::from(place.0));
        changed.is_none_or(|changed| changed.load(Ordering::Acquire) <= made.0)
    }
}

#[cfg(test)]
mod changes_of_a_domain {
    use super::*;

    #[test]
    fn of_one_domain_are_void_after_its_change_and_those_of_others_are_not() {
        let revisions = Revisions::new();
        let domain = |text: &str| Domain::parse(text).unwrap();
        let one = revisions.place(&domain("a.example"));
        let mut others = (0..).map(|n| revisions.place(&domain(&format!("b{n}.example"))));
        let other = others.find(|place| *place != one).unwrap();
        let before = revisions.now();
        assert!(revisions.is_current(one, before));
        revisions.change(&domain("a.example"));
        assert!(!revisions.is_current(one, before));
        assert!(revisions.is_current(other, before));
        assert!(revisions.is_current(one, revisions.now()));
        let before = revisions.now();
        revisions.change_all();
        assert!(!revisions.is_current(one, before) && !revisions.is_current(other, before));
        assert!(revisions.is_current(other, revisions.now()));
    }
}
