//! What is wrong with a settings file, each fault with its place; every one is told, not the first alone.

use std::fmt;
use std::path::PathBuf;

use starttls_policy::printable;

/// A place in the file; both counted from 1, the column in characters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// One fault.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Problem {
    pub(crate) place: Place,
    /// As `decide.min-tls` or `list[2].root`; empty where the text is no TOML.
    pub(crate) key: String,
    /// What is wrong, and what would be right; never a value that may be an address.
    pub(crate) text: String,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings file {}", printable(&file.display().to_string()))]
    Unreadable {
        file: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    /// The file is larger than any settings.
    #[error("the settings file {} is larger than 1 MiB or is no file", printable(&file.display().to_string()))]
    NotSettings { file: PathBuf },
    /// The file has faults; never empty.
    #[error("{}", Problems { file, problems })]
    Wrong { file: PathBuf, problems: Vec<Problem> },
}

struct Problems<'a> {
    file: &'a PathBuf,
    problems: &'a [Problem],
}

impl Place {
    /// The place of a byte in a text.
    pub(crate) fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte.min(text.len())).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        Self { line, column: before.get(line_start..).unwrap_or_default().chars().count() + 1 }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "`{}`: ", printable(&self.key))?;
        }
        f.write_str(&self.text)
    }
}

impl fmt::Display for Problems<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = printable(&self.file.display().to_string());
        for (index, problem) in self.problems.iter().enumerate() {
            let Place { line, column } = problem.place;
            write!(f, "{}{file}:{line}:{column}: {problem}", if index == 0 { "" } else { "\n       " })?;
        }
        Ok(())
    }
}
