//! Why an override was made, in the operator's words: one line, for people.

/// Longest reason: a sentence or two, and a ticket's address.
pub const MAX_REASON_CHARS: usize = 500;

/// One line of at most 500 characters, without control characters, not blank.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReasonText(Box<str>);

/// Why a text is no reason.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReasonError {
    /// Nothing, or blanks.
    #[error("the reason is empty; say why, for whoever reads it in a year")]
    Empty,
    /// More than [`MAX_REASON_CHARS`].
    #[error("the reason is longer than {MAX_REASON_CHARS} characters; name a ticket instead")]
    TooLong,
    /// A line end, a tab, an escape, or a character that turns the direction of writing.
    #[error("the reason has a line end or a control character in it; write one plain line")]
    Control,
}

impl ReasonText {
    /// Reads a reason; blanks around it are dropped.
    ///
    /// # Errors
    /// [`ReasonError`].
    pub fn parse(text: &str) -> Result<Self, ReasonError> {
        let text = text.trim_matches(' ');
        // U+2028 and U+2029 end lines; the others reorder what is shown (Unicode UAX #9).
        let is_odd = |c: char| {
            c.is_control()
                || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        if text.chars().all(char::is_whitespace) && !text.contains(is_odd) {
            return Err(ReasonError::Empty);
        }
        if text.contains(is_odd) {
            return Err(ReasonError::Control);
        }
        if text.chars().count() > MAX_REASON_CHARS {
            return Err(ReasonError::TooLong);
        }
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod reasons {
    use super::*;

    #[test]
    fn are_one_plain_line() {
        assert_eq!(
            ReasonText::parse(" Zertifikat abgelaufen, Ticket 7 ").unwrap().as_str(),
            "Zertifikat abgelaufen, Ticket 7"
        );
        assert!(ReasonText::parse(&"ä".repeat(MAX_REASON_CHARS)).is_ok());
        for (bad, want) in [
            ("", ReasonError::Empty),
            ("   ", ReasonError::Empty),
            ("\u{a0}", ReasonError::Empty),
            ("a\nb", ReasonError::Control),
            ("\n", ReasonError::Control),
            ("a\tb", ReasonError::Control),
            ("a\u{1b}[31m", ReasonError::Control),
            ("a\u{202e}b", ReasonError::Control),
            ("a\u{2028}b", ReasonError::Control),
            ("a\0", ReasonError::Control),
            ("a\u{9b}b", ReasonError::Control),
        ] {
            assert_eq!(ReasonText::parse(bad), Err(want), "{bad:?}");
        }
        assert_eq!(ReasonText::parse(&"ä".repeat(MAX_REASON_CHARS + 1)), Err(ReasonError::TooLong));
    }
}
