//! The name of a source: a word that is safe as a directory's name, too.

use std::fmt;

/// Longest name of a source; it stands in every message about it.
pub const MAX_SOURCE_NAME_CHARS: usize = 32;

/// What a source is called: 1 to 32 of `a-z 0-9 -`, beginning with a letter or digit.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SourceName(Box<str>);

/// The text is no name of a source.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "a name here is 1 to {MAX_SOURCE_NAME_CHARS} characters of `a-z 0-9 -` and begins with a letter or digit, \
     since a directory is named after it"
)]
pub struct SourceNameError;

impl SourceName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`SourceNameError`].
    pub fn parse(text: &str) -> Result<Self, SourceNameError> {
        let good = (1..=MAX_SOURCE_NAME_CHARS).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-');
        if good { Ok(Self(text.into())) } else { Err(SourceNameError) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod names_of_sources {
    use super::*;

    #[test]
    fn are_words_that_may_name_a_directory() {
        for good in ["a", "eff", "everywhere-2", "0"] {
            assert_eq!(SourceName::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn cannot_lead_elsewhere() {
        let long = "a".repeat(MAX_SOURCE_NAME_CHARS + 1);
        for bad in ["", ".", "..", "a/b", "/a", "-a", "A", "a b", "a\nb", "a\0", "ä", "a.b", &long] {
            assert_eq!(SourceName::parse(bad), Err(SourceNameError), "{bad:?}");
        }
    }
}
