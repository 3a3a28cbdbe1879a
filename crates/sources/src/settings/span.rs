//! Spans of time as operators write them: `90m`, `36h`, `14d`, `2w`.

use std::fmt;
use std::time::Duration;

/// The longest span that means anything here: ten years.
const LONGEST_SECONDS: u64 = 3660 * 86_400;

/// The units with their seconds, longest first.
const UNITS: [(char, u64); 4] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60)];

/// A span of whole minutes, at most ten years.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Span(Duration);

/// The text is no span of time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("want a span of time as in `90m`, `36h`, `14d` or `2w`, at most ten years")]
pub struct SpanError;

impl Span {
    /// From a duration; what is beyond whole minutes or ten years is cut off.
    pub fn new(duration: Duration) -> Self {
        Self(Duration::from_secs(duration.as_secs().min(LONGEST_SECONDS) / 60 * 60))
    }

    /// Reads digits and one letter.
    ///
    /// # Errors
    /// [`SpanError`].
    pub fn parse(text: &str) -> Result<Self, SpanError> {
        let (digits, seconds) = UNITS
            .iter()
            .find_map(|(letter, seconds)| Some((text.strip_suffix(*letter)?, seconds)))
            .ok_or(SpanError)?;
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let count: u64 = digits.parse().ok().filter(|_| is_number).ok_or(SpanError)?;
        let total = count.checked_mul(*seconds).filter(|total| *total <= LONGEST_SECONDS).ok_or(SpanError)?;
        Ok(Self(Duration::from_secs(total)))
    }

    /// The duration.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        // Weeks are read and not written: `14d` is plainer than `2w`.
        let units = UNITS.iter().skip(1);
        match units.into_iter().find(|(_, unit)| seconds > 0 && seconds.is_multiple_of(*unit)) {
            Some((letter, unit)) => write!(f, "{}{letter}", seconds / unit),
            None => f.write_str("0m"),
        }
    }
}

#[cfg(test)]
mod spans {
    use super::*;

    #[test]
    fn are_a_number_and_a_unit() {
        for (text, seconds, shown) in [
            ("90m", 5_400, "90m"),
            ("36h", 129_600, "36h"),
            ("14d", 1_209_600, "14d"),
            ("2w", 1_209_600, "14d"),
            ("0d", 0, "0m"),
        ] {
            let span = Span::parse(text).unwrap();
            assert_eq!((span.duration().as_secs(), span.to_string().as_str()), (seconds, shown));
        }
    }

    #[test]
    fn in_other_forms_are_refused() {
        for bad in
            ["", "d", "14", "+1d", "-1d", "1.5d", "1 d", "1D", "1y", "14ä", "99999999999999999999d", "3661d"]
        {
            assert_eq!(Span::parse(bad), Err(SpanError), "{bad:?}");
        }
    }
}
