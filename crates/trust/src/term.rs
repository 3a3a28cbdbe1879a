//! How long a list holds: when it begins to age, and when it ends.
//!
//! Spec: docs/list-distribution.md, "Freshness and end".

use serde::{Deserialize, Serialize};
use starttls_policy::Timestamp;

use crate::document::Limits;
use crate::text;

/// When a list begins to age, and when it ends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Term {
    /// From then on it is called ageing: the operator is warned, mirrors are tried.
    #[serde(with = "text::time")]
    pub ageing_from: Timestamp,
    /// From then on it has ended.
    #[serde(with = "text::time")]
    pub end: Timestamp,
}

/// A list is called ageing so many days before `expires`, if it lives that long at all.
const NOTICE_DAYS: u64 = 14;

pub(crate) const DAY_SECONDS: u64 = 86_400;

impl Term {
    /// Of a list that witnesses vouch for: the earlier of what `expires` and what the quorum time allow.
    pub fn witnessed(timestamp: Timestamp, expires: Timestamp, quorum: Timestamp, limits: Limits) -> Self {
        let by_expires = Self::plain(timestamp, expires);
        let after = |days: u32| later(quorum, u64::from(days) * DAY_SECONDS);
        Self {
            ageing_from: by_expires.ageing_from.min(after(limits.ageing_days)),
            end: by_expires.end.min(after(limits.max_stale_days)),
        }
    }

    /// Of a list that nothing but its own `expires` limits: it ages for its last fortnight, or for the last quarter of a
    /// life shorter than eight weeks.
    pub fn plain(timestamp: Timestamp, expires: Timestamp) -> Self {
        let notice = (timestamp.until(expires).as_secs() / 4).min(NOTICE_DAYS * DAY_SECONDS);
        Self { ageing_from: earlier(expires, notice), end: expires }
    }

    /// Tells whether the list has ended; `end == now` has.
    pub fn has_ended(self, now: Timestamp) -> bool {
        self.end <= now
    }

    /// Tells whether the list is called ageing, or has ended.
    pub fn is_ageing(self, now: Timestamp) -> bool {
        self.ageing_from <= now || self.has_ended(now)
    }
}

/// So many seconds later; the last time there is, at most.
pub(crate) fn later(time: Timestamp, seconds: u64) -> Timestamp {
    Timestamp::from_seconds(time.seconds().saturating_add(seconds)).unwrap_or(Timestamp::MAX)
}

fn earlier(time: Timestamp, seconds: u64) -> Timestamp {
    Timestamp::from_seconds(time.seconds().saturating_sub(seconds)).unwrap_or(time)
}

#[cfg(test)]
mod terms {
    use super::*;

    const LIMITS: Limits = Limits { ageing_days: 7, max_stale_days: 30 };

    fn day(day: u64) -> Timestamp {
        Timestamp::from_seconds(day * DAY_SECONDS).unwrap()
    }

    #[test]
    fn end_with_whatever_comes_first() {
        let by_quorum = Term::witnessed(day(0), day(400), day(100), LIMITS);
        assert_eq!(by_quorum, Term { ageing_from: day(107), end: day(130) });
        let by_expires = Term::witnessed(day(0), day(120), day(100), LIMITS);
        assert_eq!(by_expires, Term { ageing_from: day(106), end: day(120) });
    }

    #[test]
    fn of_lists_without_witnesses_age_for_a_fortnight_or_a_quarter() {
        assert_eq!(Term::plain(day(0), day(100)).ageing_from, day(86));
        assert_eq!(Term::plain(day(0), day(8)).ageing_from, day(6));
        assert_eq!(Term::plain(day(8), day(0)).ageing_from, day(0));
    }

    #[test]
    fn are_over_at_their_end_and_not_after_it() {
        let term = Term::plain(day(0), day(100));
        let before = Timestamp::from_seconds(day(100).seconds() - 1).unwrap();
        assert!(!term.has_ended(before) && term.has_ended(day(100)));
        assert!(!term.is_ageing(day(85)) && term.is_ageing(day(86)) && term.is_ageing(day(101)));
    }

    #[test]
    fn near_the_end_of_time_stop_there() {
        assert_eq!(Term::witnessed(day(0), Timestamp::MAX, Timestamp::MAX, LIMITS).end, Timestamp::MAX);
    }
}
