//! How far away a time is, in the words of people.

use std::cmp::Ordering;

use starttls_policy::Timestamp;

use super::counted;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `in 12 days`, `3 hours ago`, `now`: two of a unit at least, so that nothing is rounded by more than a third.
pub(crate) fn away(now: Timestamp, then: Timestamp) -> String {
    match then.cmp(&now) {
        Ordering::Less => format!("{} ago", span(then.until(now).as_secs())),
        Ordering::Equal => "now".into(),
        Ordering::Greater => format!("in {}", span(now.until(then).as_secs())),
    }
}

fn span(seconds: u64) -> String {
    let (unit, one, many) = match seconds {
        0..120 => (1, "second", "seconds"),
        120..7_200 => (MINUTE, "minute", "minutes"),
        7_200..172_800 => (HOUR, "hour", "hours"),
        _ => (DAY, "day", "days"),
    };
    counted(seconds / unit, one, many)
}

#[cfg(test)]
mod ages {
    use super::*;

    #[test]
    fn are_told_in_the_unit_that_people_would_take() {
        let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
        let now = at(10 * DAY);
        for (then, want) in [
            (10 * DAY, "now"),
            (10 * DAY + 1, "in 1 second"),
            (10 * DAY - 119, "119 seconds ago"),
            (10 * DAY + 120, "in 2 minutes"),
            (10 * DAY - 2 * HOUR + 1, "119 minutes ago"),
            (10 * DAY - 2 * HOUR, "2 hours ago"),
            (12 * DAY - 1, "in 47 hours"),
            (12 * DAY, "in 2 days"),
            (0, "10 days ago"),
        ] {
            assert_eq!(away(now, at(then)), want);
        }
    }
}
