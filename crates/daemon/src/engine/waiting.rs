//! New domains over the budget: each waits for its turn to have its policy fetched, the oldest first.
//!
//! The queue has a bound as a whole and for each owner, so that one owner's names neither fill it nor delay those of others. A
//! domain waits once, however often it is asked for.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use smol_str::SmolStr;
use starttls_policy::Domain;

use super::budget::{Grant, owner_of};

/// Domains that may wait: twelve megabytes of names at most.
const MAX_WAITING: usize = 100_000;

/// Domains of one owner that may wait; at the rate of one owner's budget they take an hour.
const MAX_WAITING_EACH: usize = 100;

/// The domains that wait.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    /// The oldest first; a domain that is no member any more was fetched in another way.
    order: VecDeque<Domain>,
    members: HashSet<Domain>,
    each: HashMap<SmolStr, usize>,
}

/// Whether a domain found a place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// It waits now.
    Given,
    /// It was waiting already.
    Held,
    /// There is no place: in the queue, or for this owner.
    Refused,
}

impl Waiting {
    pub(crate) fn len(&self) -> usize {
        self.queue().members.len()
    }

    pub(crate) fn add(&self, domain: &Domain) -> Place {
        let mut queue = self.queue();
        if queue.members.contains(domain) {
            return Place::Held;
        }
        let owner = owner_of(domain);
        let of_owner = queue.each.get(owner).copied().unwrap_or(0);
        if queue.members.len() >= MAX_WAITING || of_owner >= MAX_WAITING_EACH {
            return Place::Refused;
        }
        if queue.order.len() >= 2 * MAX_WAITING {
            let Queue { order, members, .. } = &mut *queue;
            order.retain(|domain| members.contains(domain));
        }
        queue.each.insert(owner.into(), of_owner + 1);
        queue.members.insert(domain.clone());
        queue.order.push_back(domain.clone());
        Place::Given
    }

    /// Takes a domain out whose policy is known now.
    pub(crate) fn remove(&self, domain: &Domain) {
        self.queue().leave(domain);
    }

    /// Takes out the oldest domains that are granted a fetch, up to a number of them. A domain whose owner has spent its budget
    /// keeps its place; when all is spent nobody else is asked about.
    pub(crate) fn take(&self, limit: usize, mut grants: impl FnMut(&Domain) -> Grant) -> Vec<Domain> {
        let mut queue = self.queue();
        let (mut taken, mut passed) = (Vec::new(), Vec::new());
        let mut spent: HashSet<SmolStr> = HashSet::new();
        while taken.len() < limit
            && let Some(domain) = queue.order.pop_front()
        {
            if !queue.members.contains(&domain) {
                continue;
            }
            let owner = owner_of(&domain);
            let grant = if spent.contains(owner) { Grant::OwnerSpent } else { grants(&domain) };
            match grant {
                Grant::Granted => {
                    queue.leave(&domain);
                    taken.push(domain);
                }
                Grant::OwnerSpent => {
                    spent.insert(owner.into());
                    passed.push(domain);
                }
                Grant::AllSpent => {
                    queue.order.push_front(domain);
                    break;
                }
            }
        }
        for domain in passed.into_iter().rev() {
            queue.order.push_front(domain);
        }
        taken
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn leave(&mut self, domain: &Domain) {
        if !self.members.remove(domain) {
            return;
        }
        let owner = owner_of(domain);
        match self.each.get_mut(owner) {
            Some(of_owner) if *of_owner > 1 => *of_owner -= 1,
            _ => drop(self.each.remove(owner)),
        }
    }
}

#[cfg(test)]
mod waiting_domains {
    use super::*;

    fn domain(text: &str) -> Domain {
        Domain::parse(text).unwrap()
    }

    fn names(domains: &[Domain]) -> Vec<&str> {
        domains.iter().map(Domain::as_str).collect()
    }

    #[test]
    fn are_taken_oldest_first_and_each_once() {
        let waiting = Waiting::default();
        for name in ["a.example", "b.example", "a.example", "c.example", "d.example"] {
            waiting.add(&domain(name));
        }
        assert_eq!(waiting.add(&domain("b.example")), Place::Held);
        waiting.remove(&domain("b.example"));
        assert_eq!(names(&waiting.take(2, |_| Grant::Granted)), ["a.example", "c.example"]);
        assert_eq!((waiting.len(), waiting.add(&domain("a.example"))), (1, Place::Given));
        assert_eq!(names(&waiting.take(9, |_| Grant::Granted)), ["d.example", "a.example"]);
        assert_eq!(waiting.len(), 0);
    }

    #[test]
    fn of_an_owner_without_budget_do_not_hold_up_those_of_others() {
        let waiting = Waiting::default();
        for name in ["a.flood.example", "b.flood.example", "a.example", "b.example"] {
            waiting.add(&domain(name));
        }
        let grants = |domain: &Domain| match domain.as_str() {
            "b.example" => Grant::AllSpent,
            name if name.ends_with("flood.example") => Grant::OwnerSpent,
            _ => Grant::Granted,
        };
        assert_eq!(names(&waiting.take(9, grants)), ["a.example"]);
        let order = ["a.flood.example", "b.flood.example", "b.example"];
        assert_eq!(names(&waiting.take(9, |_| Grant::Granted)), order);
    }

    #[test]
    fn are_bounded_for_each_owner_and_as_a_whole() {
        let waiting = Waiting::default();
        let places: Vec<Place> =
            (0..=MAX_WAITING_EACH).map(|n| waiting.add(&domain(&format!("d{n}.flood.example")))).collect();
        assert_eq!(places.iter().filter(|place| **place == Place::Refused).count(), 1);
        for n in 0..MAX_WAITING {
            waiting.add(&domain(&format!("d{n}.example")));
        }
        assert_eq!(waiting.len(), MAX_WAITING);
        assert_eq!(waiting.add(&domain("more.example")), Place::Refused);
        waiting.take(1, |_| Grant::Granted);
        assert_eq!(waiting.add(&domain("more.example")), Place::Given);
    }
}
