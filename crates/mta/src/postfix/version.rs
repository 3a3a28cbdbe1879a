//! Postfix versions, as numbers that can be compared.
//!
//! What a version can express is [`Capabilities`](super::Capabilities).

use core::fmt;

/// Longest text behind the numbers, as `-0+deb12u1`, in characters.
const MAX_SUFFIX_CHARS: usize = 64;

/// A release, as `postconf -h mail_version` prints it; a snapshot stands before its release.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version {
    major: u16,
    minor: u16,
    patch: u16,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Stage {
    /// `3.11-20250906`: on the way to 3.11.
    Snapshot,
    Release,
}

/// The text is no Postfix version.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{got}` is no Postfix version; want one as in `3.7` or `3.10.5`")]
pub struct VersionError {
    /// The text.
    pub got: alloc::string::String,
}

impl Version {
    /// What is assumed when no Postfix can be asked: the oldest that a supported Debian release carries.
    pub const ASSUMED: Self = Self::new(3, 7, 0);

    /// The oldest that is written for: the first with `dane-only` and `tafile=`.
    pub const OLDEST: Self = Self::new(2, 11, 0);

    /// A release by its numbers.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch, stage: Stage::Release }
    }

    /// Reads `3.7`, `3.10.13`, a snapshot as `3.11-20250101`, or a package's version as `3.7.11-0+deb12u1`.
    ///
    /// # Errors
    /// [`VersionError`] carries the text.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let (numbers, suffix) = text.split_once('-').unwrap_or((text, ""));
        let parsed = parse_numbers(numbers).filter(|_| is_suffix(suffix));
        let version = parsed.ok_or_else(|| VersionError { got: starttls_policy::printable(text) })?;
        let is_date = suffix.len() >= 8 && suffix.bytes().take(8).all(|b| b.is_ascii_digit());
        Ok(Self { stage: if is_date { Stage::Snapshot } else { Stage::Release }, ..version })
    }

    /// The release whose features this one has for certain: of a snapshot, the one before it.
    #[must_use]
    pub fn settled(self) -> Self {
        match (self.stage, self.minor.checked_sub(1)) {
            (Stage::Release, _) => self,
            (Stage::Snapshot, Some(minor)) => Self::new(self.major, minor, 0),
            (Stage::Snapshot, None) => Self::OLDEST,
        }
    }
}

fn parse_numbers(text: &str) -> Option<Version> {
    let mut parts = text.split('.').map(|part| {
        let digits = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if digits { part.parse::<u16>().ok() } else { None }
    });
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Some(major)), Some(Some(minor)), None, None) => Some(Version::new(major, minor, 0)),
        (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => {
            Some(Version::new(major, minor, patch))
        }
        _ => None,
    }
}

fn is_suffix(text: &str) -> bool {
    text.len() <= MAX_SUFFIX_CHARS
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'~' | b'-'))
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        match (self.stage, self.patch) {
            (Stage::Snapshot, _) => f.write_str(" (snapshot)"),
            (Stage::Release, 0) => Ok(()),
            (Stage::Release, patch) => write!(f, ".{patch}"),
        }
    }
}

#[cfg(test)]
mod versions {
    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[test]
    fn are_ordered_by_number() {
        assert!(version("3.10.5") > version("3.10.4"));
        assert!(version("3.10.0") > version("3.9.9"));
        assert!(version("3.11-20250101") < version("3.11"));
        assert_eq!(version("3.7.11-0+deb12u1"), version("3.7.11"));
        assert_eq!(version("3.10.0-RC1"), version("3.10"));
    }

    #[test]
    fn of_other_forms_are_refused() {
        for text in ["", "3", "3.x", "3.7.1.2", "-1.2", "3..7", "99999.1", "3.7\n", "3.7-\n", "3.7-a b"] {
            assert!(Version::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn that_are_snapshots_count_as_the_release_before() {
        assert_eq!(version("3.11-20250101").settled(), version("3.10"));
        assert_eq!(version("3.0-20140101").settled(), Version::OLDEST);
        assert_eq!(version("3.10.7").settled(), version("3.10.7"));
    }
}
