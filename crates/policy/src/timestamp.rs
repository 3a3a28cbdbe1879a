//! Points in time, to the second, and calendar days; both in UTC.
//!
//! Spec: RFC 3339 §5.6 (`date-time`), and whole seconds since 1970 as the 2014 lists wrote them.

use core::fmt;
use core::time::Duration;

/// A second on the UTC time line, between the years 1970 and 9999.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(u64);

/// A calendar day in UTC.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Date(jiff::civil::Date);

/// Why a text or number is no time.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// Not of RFC 3339's form, or no such day or hour.
    #[error("want a time as in `2026-11-20T00:00:00Z`, or whole seconds since 1970")]
    NotATime,
    /// Not of the form `2026-11-20`, or no such day.
    #[error("want a day as in `2026-11-20`")]
    NotADay,
    /// Before 1970 or after 9999.
    #[error("the time lies outside the years 1970 to 9999")]
    OutOfRange,
}

impl Timestamp {
    /// The first second: 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The last second: 9999-12-30T22:00:00Z, so that no offset from UTC leads out of the year 9999.
    pub const MAX: Self = Self(253_402_207_200);

    /// From seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`] after [`Timestamp::MAX`].
    pub fn from_seconds(seconds: u64) -> Result<Self, TimeError> {
        if seconds > Self::MAX.0 { Err(TimeError::OutOfRange) } else { Ok(Self(seconds)) }
    }

    /// Reads RFC 3339's `date-time`; an offset is applied, fractions of a second are dropped.
    ///
    /// # Errors
    /// [`TimeError`] when the text is no such time or lies outside the range.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        // RFC 3339 §5.6: stricter than jiff, which also reads `2026-11-20 00Z` and the like.
        let bytes = text.as_bytes();
        let well_formed = bytes.len() >= 20
            && bytes.get(10).is_some_and(|b| matches!(b, b'T' | b't'))
            && bytes.get(13) == Some(&b':')
            && bytes.get(16) == Some(&b':')
            && !text.contains('[');
        if !well_formed {
            return Err(TimeError::NotATime);
        }
        let parsed: jiff::Timestamp = text.parse().map_err(|_| TimeError::NotATime)?;
        u64::try_from(parsed.as_second()).map_err(|_| TimeError::OutOfRange).and_then(Self::from_seconds)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// How long before `later` this is; zero if it is not before.
    pub fn until(self, later: Self) -> Duration {
        Duration::from_secs(later.0.saturating_sub(self.0))
    }

    /// The day in UTC.
    pub fn date(self) -> Date {
        Date(self.zoned().date())
    }

    fn zoned(self) -> jiff::Zoned {
        let seconds = i64::try_from(self.0).unwrap_or(0);
        jiff::Timestamp::from_second(seconds).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC)
    }
}

impl Date {
    /// Reads `2026-11-20`.
    ///
    /// # Errors
    /// [`TimeError::NotADay`].
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        if text.len() != 10 || text.starts_with(['+', '-']) {
            return Err(TimeError::NotADay);
        }
        text.parse().map(Self).map_err(|_| TimeError::NotADay)
    }

    /// A number that grows with the day, below 2²⁴ and never 0.
    pub(crate) fn to_number(self) -> u32 {
        let part = |number: i8| u32::from(number.unsigned_abs());
        u32::from(self.0.year().unsigned_abs()) << 9 | part(self.0.month()) << 5 | part(self.0.day())
    }

    /// The day of a number that [`Date::to_number`] gave.
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        let part = |number: u32| i8::try_from(number).ok();
        let (year, month, day) =
            (i16::try_from(number >> 9).ok()?, part(number >> 5 & 15)?, part(number & 31)?);
        jiff::civil::Date::new(year, month, day).ok().map(Self)
    }

    /// The first second of the day; the nearest there is for a day before 1970 or the very last one.
    pub fn start(self) -> Timestamp {
        match self.0.to_zoned(jiff::tz::TimeZone::UTC) {
            Ok(zoned) => Timestamp(u64::try_from(zoned.timestamp().as_second()).unwrap_or(0)),
            Err(_) => Timestamp::MAX,
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.zoned();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            time.year(),
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

#[cfg(test)]
mod times {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn are_read_in_both_forms_that_lists_have_used() {
        for (text, want) in [
            ("2020-05-20T10:25:12.710034-07:00", "2020-05-20T17:25:12Z"),
            ("2015-08-01T12:00:00+08:00", "2015-08-01T04:00:00Z"),
            ("2099-12-31T23:59:59Z", "2099-12-31T23:59:59Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), want);
        }
        assert_eq!(Timestamp::from_seconds(1_401_414_363).unwrap().to_string(), "2014-05-30T01:46:03Z");
    }

    #[test]
    fn in_other_forms_are_refused() {
        for text in [
            "",
            "2020-05-20",
            "2020-05-20 10:25:12Z",
            "2020-05-20T10:25Z",
            "2020-05-20T10:25:12",
            "2020-02-30T00:00:00Z",
            "2020-05-20T25:00:00Z",
            "1401414363",
            "2020-05-20T10:25:12Z[UTC]",
            "20200520T102512Z",
        ] {
            assert_eq!(Timestamp::parse(text), Err(TimeError::NotATime), "{text}");
        }
        assert_eq!(Timestamp::parse("1969-12-31T23:59:59Z"), Err(TimeError::OutOfRange));
        assert_eq!(Timestamp::from_seconds(u64::MAX), Err(TimeError::OutOfRange));
    }

    #[test]
    fn of_days_start_at_midnight() {
        assert_eq!(Date::parse("2026-10-01").unwrap().start().to_string(), "2026-10-01T00:00:00Z");
        assert_eq!(Timestamp::parse("2026-10-01T23:59:59Z").unwrap().date().to_string(), "2026-10-01");
        for text in ["2026-13-01", "2026-1-1", "20261001", "", "2026-10-01T"] {
            assert_eq!(Date::parse(text), Err(TimeError::NotADay), "{text}");
        }
    }

    #[test]
    fn of_days_have_numbers() {
        let mut last = 0;
        for text in ["0000-01-01", "1969-12-31", "2026-11-22", "2026-12-01", "9999-12-31"] {
            let day = Date::parse(text).unwrap();
            assert!(last < day.to_number() && day.to_number() < 1 << 24, "{text}");
            last = day.to_number();
            assert_eq!(Date::from_number(last), Some(day));
        }
        for number in [0, 2026 * 512, 2026 * 512 + 13 * 32 + 1, 2026 * 512 + 2 * 32 + 30, u32::MAX] {
            assert_eq!(Date::from_number(number), None);
        }
    }

    #[test]
    fn at_the_ends_are_shown_as_they_are() {
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00Z");
        assert_eq!(Timestamp::parse("9999-12-30T22:00:00Z"), Ok(Timestamp::MAX));
        assert_eq!(Timestamp::from_seconds(Timestamp::MAX.seconds() + 1), Err(TimeError::OutOfRange));
        assert_eq!(Date::parse("9999-12-30").unwrap().start().to_string(), "9999-12-30T00:00:00Z");
        assert_eq!(Date::parse("9999-12-31").unwrap().start(), Timestamp::MAX);
        assert_eq!(Date::parse("1969-12-31").unwrap().start().seconds(), 0);
    }
}
