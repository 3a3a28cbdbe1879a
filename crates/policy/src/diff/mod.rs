//! What changed from one list to the next, in terms that a person can approve: facts, no text.
//!
//! A change to a shared policy stands once, with how many domains it touches, and not again at each of its
//! entries. Nothing that reaches the canonical bytes goes unmentioned: a diff is empty only if the two lists are the
//! same. Two merge walks over what is sorted already: linear in the lists, memory for what changed alone.
//! Putting it into words is up to `starttls list diff`.

mod head;
mod mx;
mod pairs;
mod policy;
mod walk;

use alloc::vec::Vec;

pub use mx::{MAX_MX_EXAMPLES, MxChange};
pub use policy::{Alteration, Fact, MxEdit};

use crate::domain::Domain;
use crate::list::{Dialect, List};
use crate::pin::{Label, Pinset};
use crate::policy::Policy;
use crate::timestamp::Timestamp;

/// All that changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff<'a> {
    /// What stands above the entries.
    pub head: Vec<HeadChange<'a>>,
    /// Pinsets, sorted by name.
    pub pinsets: Vec<PinsetChange<'a>>,
    /// Shared policies, sorted by name.
    pub shared: Vec<SharedChange<'a>>,
    /// Entries, sorted by domain; without those that only follow a shared policy.
    pub entries: Vec<EntryChange<'a>>,
    /// The MX changes of entries and shared policies once more, by what was added and removed; widest first.
    pub mx: Vec<MxChange<'a>>,
    /// How many domains fared how, those that follow a shared policy included.
    pub totals: Totals,
}

/// A change above the entries.
#[derive(Clone, Debug, PartialEq)]
pub enum HeadChange<'a> {
    /// Another form of list.
    Dialect(Dialect, Dialect),
    /// Another author.
    Author(Option<&'a str>, Option<&'a str>),
    /// Another serial; one that does not grow is refused by whoever accepted the older list.
    Serial(u64, u64),
    /// Another time of issue.
    Timestamp(Option<Timestamp>, Option<Timestamp>),
    /// Another end.
    Expires(Option<Timestamp>, Option<Timestamp>),
    /// `x-` members that differ, by name.
    Extensions(Vec<&'a str>),
}

/// A change to a pinset.
#[derive(Clone, Debug, PartialEq)]
pub struct PinsetChange<'a> {
    /// Its name.
    pub name: &'a Label,
    /// As it was; absent if it is new.
    pub old: Option<&'a Pinset>,
    /// As it is; absent if it was removed.
    pub new: Option<&'a Pinset>,
    /// `x-` members that differ, by name.
    pub extensions: Vec<&'a str>,
    /// Domains whose policy has a pinset of this name, in the newer list; in the older one if it was removed.
    pub domains: usize,
}

/// A change to a shared policy.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedChange<'a> {
    /// Its name.
    pub name: &'a Label,
    /// What became of it.
    pub change: Change<'a>,
    /// Domains that refer to it in both lists; in the list that has it if it was added or removed.
    pub domains: usize,
}

/// A change to an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryChange<'a> {
    /// The policy domain.
    pub domain: &'a Domain,
    /// What became of it.
    pub change: Change<'a>,
}

/// What became of a policy.
#[derive(Clone, Debug, PartialEq)]
pub enum Change<'a> {
    /// It is new.
    Added(&'a Policy),
    /// It is gone.
    Removed(&'a Policy),
    /// It stood before and stands, and something about it differs.
    Altered(Alteration<'a>),
}

/// Domains, by how they fared.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Totals {
    /// Newly listed.
    pub added: usize,
    /// No longer listed.
    pub removed: usize,
    /// Fewer sessions are admitted.
    pub tightened: usize,
    /// More sessions are admitted.
    pub relaxed: usize,
    /// Some sessions are admitted that were not, and others no longer.
    pub incomparable: usize,
    /// The same sessions are admitted; something else differs, as dates, reports, notes or the form.
    pub restated: usize,
    /// Nothing differs.
    pub untouched: usize,
}

/// What changed from `old` to `new`.
pub fn between<'a>(old: &'a List, new: &'a List) -> Diff<'a> {
    let altered = walk::altered_aliases(old, new);
    let walked = walk::entries(old, new, &altered);
    let shared = walk::shared(old, new, altered, &walked.followers);
    Diff {
        head: head::head(old, new),
        pinsets: head::pinsets(old, new),
        mx: mx::grouped(&shared, &walked.changes),
        shared,
        entries: walked.changes,
        totals: walked.totals,
    }
}

impl Diff<'_> {
    /// Tells whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty() && self.pinsets.is_empty() && self.shared.is_empty() && self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests;
