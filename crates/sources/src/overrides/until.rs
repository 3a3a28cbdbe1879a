//! How long an override lasts: until a day, until a second, or for a span of time; never for ever.

use starttls_policy::{Date, Timestamp};

use crate::settings::Span;

/// Longest an override may last, in days: as long as a list may.
pub const LONGEST_DAYS: u64 = 400;

/// Why an end will not do.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UntilError {
    /// None of the three forms.
    #[error("want a day as in `2026-12-31`, a time as in `2026-12-31T18:00:00Z`, or a span as in `14d`")]
    UnknownForm,
    /// The end is not after the beginning.
    #[error("the end is not in the future: {until}")]
    Past {
        /// The end.
        until: Timestamp,
    },
    /// More than [`LONGEST_DAYS`].
    #[error("the end is more than {LONGEST_DAYS} days away: {until}; renew it when the time comes")]
    TooFar {
        /// The end.
        until: Timestamp,
    },
}

/// Reads an end: a day holds until its last second has passed in UTC.
///
/// # Errors
/// [`UntilError`].
pub fn parse_until(text: &str, now: Timestamp) -> Result<Timestamp, UntilError> {
    let after = |from: Timestamp, seconds: u64| {
        Timestamp::from_seconds(from.seconds().saturating_add(seconds)).unwrap_or(Timestamp::MAX)
    };
    let until = if let Ok(day) = Date::parse(text) {
        after(day.start(), 86_400)
    } else if let Ok(time) = Timestamp::parse(text) {
        time
    } else {
        let span = Span::parse(text).map_err(|_| UntilError::UnknownForm)?;
        after(now, span.duration().as_secs())
    };
    check_until(until, now)?;
    Ok(until)
}

/// Tells whether an override that begins at `from` may end at `until`.
///
/// # Errors
/// [`UntilError::Past`] and [`UntilError::TooFar`].
pub fn check_until(until: Timestamp, from: Timestamp) -> Result<(), UntilError> {
    match from.until(until).as_secs() {
        0 => Err(UntilError::Past { until }),
        1.. if from.until(until).as_secs() > LONGEST_DAYS * 86_400 => Err(UntilError::TooFar { until }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod ends {
    use super::*;

    #[test]
    fn are_days_times_or_spans() {
        let now = Timestamp::parse("2026-11-22T08:00:00Z").unwrap();
        for (text, want) in [
            ("2026-12-31", "2027-01-01T00:00:00Z"),
            ("2026-11-22", "2026-11-23T00:00:00Z"),
            ("2026-12-31T18:00:00Z", "2026-12-31T18:00:00Z"),
            ("2026-12-31T18:00:00+01:00", "2026-12-31T17:00:00Z"),
            ("14d", "2026-12-06T08:00:00Z"),
            ("90m", "2026-11-22T09:30:00Z"),
            ("400d", "2027-12-27T08:00:00Z"),
        ] {
            assert_eq!(parse_until(text, now).unwrap().to_string(), want, "{text}");
        }
        for bad in ["", "never", "forever", "2026-13-01", "31.12.2026", "14", "-14d", "2026-12-31 18:00"] {
            assert_eq!(parse_until(bad, now), Err(UntilError::UnknownForm), "{bad}");
        }
        for past in ["2026-11-21", "2026-11-22T08:00:00Z", "1970-01-01", "0d"] {
            assert!(matches!(parse_until(past, now), Err(UntilError::Past { .. })), "{past}");
        }
        for far in ["401d", "2028-01-01", "9999-12-31", "520w"] {
            assert!(matches!(parse_until(far, now), Err(UntilError::TooFar { .. })), "{far}");
        }
        assert!(matches!(parse_until("1d", Timestamp::MAX), Err(UntilError::Past { .. })));
    }
}
