//! The overrides file as bytes: complete lines, and perhaps the torn end of one whose writer died.

use super::Overrides;
use super::record::{Record, RecordError};

/// Largest overrides file: some fifty thousand lines, more than a person ever writes.
pub const MAX_JOURNAL_BYTES: u64 = 16 << 20;

/// Longest line: all patterns and the longest reason fit.
pub const MAX_LINE_BYTES: usize = 64 << 10;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journal {
    /// All complete lines, in order.
    pub records: Vec<Record>,
    /// Bytes behind the last complete line: a writer died, or is still at it. They say nothing; the next append
    /// removes them.
    pub torn_bytes: u64,
}

/// A line that nobody wrote with this program.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The line cannot be read.
    #[error("line {line}: {error}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        error: RecordError,
    },
    /// The line is longer than any.
    #[error("line {line}: it is longer than {MAX_LINE_BYTES} bytes")]
    TooLong {
        /// Counted from 1.
        line: usize,
    },
}

impl Journal {
    /// Reads the file's bytes. Only what ends in a line end counts: an append is one line, written with its end last.
    ///
    /// # Errors
    /// The first complete line that is wrong: what cannot be read might have lifted or set a demand.
    pub fn parse(bytes: &[u8]) -> Result<Self, JournalError> {
        let complete = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let (complete, torn) = bytes.split_at_checked(complete).unwrap_or((bytes, &[]));
        let mut records = Vec::new();
        for (index, line) in complete.split_inclusive(|b| *b == b'\n').enumerate() {
            let number = index + 1;
            if line.len() > MAX_LINE_BYTES {
                return Err(JournalError::TooLong { line: number });
            }
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let record = Record::parse(line).map_err(|error| JournalError::Line { line: number, error })?;
            records.push(record);
        }
        Ok(Self { records, torn_bytes: torn.len() as u64 })
    }

    /// What the lines amount to.
    pub fn overrides(&self) -> Overrides {
        Overrides::of(&self.records)
    }
}
