//! The reasons why a text is not a line of the policy table as it is written here.

use alloc::string::String;

/// Most MX names, MX patterns or pins in one line: as many names as an MTA-STS policy may have; an entry of a list has fewer.
pub const MAX_NAMES: usize = 4096;

const _: () = assert!(MAX_NAMES >= starttls_policy::read::MAX_MX_PATTERNS, "every list must be expressible");

/// Why a text is no line of ours.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// No blank behind the domain.
    #[error("a line is a domain, one blank, a level")]
    NotAPair,
    /// The key is no domain in lower-case A-labels.
    #[error("`{got}` is no domain as we write it")]
    Domain {
        /// The key, made printable.
        got: String,
    },
    /// A level that we do not write.
    #[error("`{got}` is no level that we write")]
    Level {
        /// The word, made printable.
        got: String,
    },
    /// An attribute that we do not write, or not at this level, or out of order.
    #[error("`{got}` is not expected here")]
    Attribute {
        /// The word, made printable.
        got: String,
    },
    /// A value that we do not write.
    #[error("`{attribute}{value}` is no attribute that we write")]
    Value {
        /// The attribute, as `match=`.
        attribute: &'static str,
        /// The value, made printable.
        value: String,
    },
    /// More values than [`MAX_NAMES`].
    #[error("`{attribute}` has more than {MAX_NAMES} values")]
    TooMany {
        /// The attribute, as `match=`.
        attribute: &'static str,
    },
}
