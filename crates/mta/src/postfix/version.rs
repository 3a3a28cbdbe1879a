//! Postfix versions: what they can express.

use core::fmt;

/// A release, as `postconf -h mail_version` prints it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version {
    major: u16,
    minor: u16,
    patch: u16,
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

    /// A release by its numbers.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// Reads `3.7`, `3.10.13`, or a snapshot as `3.11-20250101`.
    ///
    /// # Errors
    /// [`VersionError`] carries the text.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let numbers = text.split('-').next().unwrap_or_default();
        let mut parts = numbers.split('.').map(|part| {
            let digits = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            if digits { part.parse::<u16>().ok() } else { None }
        });
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(major)), Some(Some(minor)), None, None) => Ok(Self::new(major, minor, 0)),
            (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => {
                Ok(Self::new(major, minor, patch))
            }
            _ => Err(VersionError { got: starttls_policy::printable(text) }),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod versions {
    use super::*;

    #[test]
    fn are_ordered_by_number() {
        let parsed = |text| Version::parse(text).unwrap();
        assert!(parsed("3.10.5") > parsed("3.10.4"));
        assert!(parsed("3.10.0") > parsed("3.9.9"));
        assert_eq!(parsed("3.11-20250101"), parsed("3.11"));
        for text in ["", "3", "3.x", "3.7.1.2", "-1.2", "3..7", "99999.1", "3.7\n"] {
            assert!(Version::parse(text).is_err(), "{text:?}");
        }
    }
}
