//! What went wrong lately, and what took longest: for people, bounded, and without anything about persons.
//!
//! Domains stand here, which metrics never name; who wrote to whom does not.

mod words;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use starttls_policy::{Domain, Timestamp};

/// As many as fit on a page that somebody reads.
const MAX_FAILURES: usize = 50;

/// As many as tell which servers are slow.
const MAX_SLOW: usize = 20;

/// What was slow the day before yesterday helps nobody.
const SLOW_LASTS: Duration = Duration::from_hours(24);

/// What went wrong lately, and what took longest.
#[derive(Debug, Default)]
pub struct Journal(Mutex<Rings>);

#[derive(Debug, Default)]
struct Rings {
    /// The newest last.
    failures: VecDeque<Failure>,
    /// The slowest first.
    slowest: Vec<Slow>,
}

/// Something that could not be found out.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Failure {
    /// Of which domain.
    pub domain: String,
    /// What was asked for, in a word.
    pub what: &'static str,
    /// What went wrong, in one line.
    pub words: String,
    /// How often in a row.
    pub times: u32,
    /// The last time, RFC 3339.
    pub at: String,
}

/// An answer that took long.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Slow {
    /// For which domain.
    pub domain: String,
    /// How long, in milliseconds.
    pub milliseconds: u64,
    /// When, RFC 3339.
    pub at: String,
    #[serde(skip)]
    when: Timestamp,
}

impl Journal {
    /// Notes what could not be found out. The same again counts, and moves to the front.
    pub fn failed(&self, domain: &Domain, what: &'static str, words: &str, now: Timestamp) {
        let (words, at) = (words::presentable(words), now.to_string());
        let failures = &mut self.rings().failures;
        let same = failures.iter().position(|known| known.domain == domain.as_str() && known.what == what);
        let earlier = same.and_then(|place| failures.remove(place));
        let times = earlier.map_or(1, |earlier| earlier.times.saturating_add(1));
        if failures.len() == MAX_FAILURES {
            failures.pop_front();
        }
        failures.push_back(Failure { domain: domain.as_str().into(), what, words, times, at });
    }

    /// Notes how long an answer took; of each domain the slowest stays.
    pub fn answered(&self, domain: &Domain, took: Duration, now: Timestamp) {
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let slowest = &mut self.rings().slowest;
        slowest.retain(|slow| slow.when.until(now) < SLOW_LASTS);
        if let Some(known) = slowest.iter().position(|slow| slow.domain == domain.as_str()) {
            if slowest[known].milliseconds >= milliseconds {
                return;
            }
            slowest.remove(known);
        }
        let place = slowest.partition_point(|slow| slow.milliseconds >= milliseconds);
        if place < MAX_SLOW {
            let domain = domain.as_str().into();
            slowest.insert(place, Slow { domain, milliseconds, at: now.to_string(), when: now });
            slowest.truncate(MAX_SLOW);
        }
    }

    /// What went wrong, the newest first.
    pub fn failures(&self) -> Vec<Failure> {
        self.rings().failures.iter().rev().cloned().collect()
    }

    /// What took longest within a day, the slowest first.
    pub fn slowest(&self, now: Timestamp) -> Vec<Slow> {
        let rings = self.rings();
        rings.slowest.iter().filter(|slow| slow.when.until(now) < SLOW_LASTS).cloned().collect()
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(number: usize) -> Domain {
        Domain::parse(&format!("d{number}.example")).unwrap()
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    #[test]
    fn newest_failures_stay() {
        let journal = Journal::default();
        for number in 0..MAX_FAILURES + 5 {
            journal.failed(&domain(number), "mx", "no answer", at(1));
        }
        let failures = journal.failures();
        assert_eq!(failures.len(), MAX_FAILURES);
        assert_eq!(failures[0].domain, domain(MAX_FAILURES + 4).as_str());
    }

    #[test]
    fn same_failure_counts_and_takes_no_further_place() {
        let journal = Journal::default();
        journal.failed(&domain(1), "mx", "no answer", at(1));
        journal.failed(&domain(2), "mx", "no answer", at(2));
        journal.failed(&domain(1), "mx", "refused", at(3));
        let failures = journal.failures();
        assert_eq!(failures.len(), 2);
        assert_eq!((failures[0].times, failures[0].words.as_str()), (2, "refused"));
        assert_eq!(failures[0].at, "1970-01-01T00:00:03Z");
    }

    #[test]
    fn slowest_stay_each_domain_once() {
        let journal = Journal::default();
        for number in 0..MAX_SLOW + 5 {
            journal.answered(&domain(number), Duration::from_millis(number as u64), at(1));
        }
        journal.answered(&domain(0), Duration::from_secs(9), at(2));
        journal.answered(&domain(0), Duration::from_secs(3), at(3));
        let slowest = journal.slowest(at(3));
        assert_eq!(slowest.len(), MAX_SLOW);
        assert_eq!((slowest[0].domain.as_str(), slowest[0].milliseconds), ("d0.example", 9000));
        assert!(slowest.is_sorted_by(|a, b| a.milliseconds >= b.milliseconds));
    }

    #[test]
    fn what_was_slow_is_forgotten_after_a_day() {
        let journal = Journal::default();
        journal.answered(&domain(1), Duration::from_secs(9), at(1));
        assert_eq!(journal.slowest(at(2)).len(), 1);
        assert!(journal.slowest(at(1 + SLOW_LASTS.as_secs())).is_empty());
    }
}
