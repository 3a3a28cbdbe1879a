//! Findings: what was observed and is worth a person's attention, with its cure.
//!
//! A finding is no error: an `Err` means that we could not do our work. Every crate keeps its codes in constant arrays of
//! [`Code`], from which docs/findings.md is made.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// How much a finding matters; ordered from little to much.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something is weaker than it looks.
    Warning,
    /// Something does not work.
    Error,
}

/// One observation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// Permanent dotted name, as `list.expired`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about: a domain, a JSON path, a setting; empty for the whole.
    pub subject: String,
    /// What was seen, in words.
    pub message: String,
    /// What to do about it; empty when there is nothing to do.
    pub cure: String,
}

impl Finding {
    /// A finding of severity info.
    pub fn info(code: &'static str, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Info,
            subject: subject.into(),
            message: message.into(),
            cure: String::new(),
        }
    }

    /// A finding of severity warning.
    pub fn warning(code: &'static str, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::info(code, subject, message) }
    }

    /// A finding of severity error.
    pub fn error(code: &'static str, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, ..Self::info(code, subject, message) }
    }

    /// The same with a cure.
    #[must_use]
    pub fn with_cure(self, cure: impl Into<String>) -> Self {
        Self { cure: cure.into(), ..self }
    }
}

/// What many share, in one finding: a count and the first few names.
#[derive(Default)]
pub(crate) struct Names<'a> {
    pub(crate) count: usize,
    first: Vec<&'a str>,
}

/// Names in a finding about many.
const FIRST_NAMES: usize = 3;

impl<'a> Names<'a> {
    pub(crate) fn add(&mut self, name: &'a str) {
        self.count += 1;
        if self.first.len() < FIRST_NAMES {
            self.first.push(name);
        }
    }
}

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first.join(", "))?;
        match self.count.saturating_sub(self.first.len()) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl Severity {
    /// The word used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One permanent name for something that the operator may come across.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Code {
    /// The name, as `postfix.wider-match`.
    pub name: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it means and what holds instead, in words that need no context.
    pub meaning: &'static str,
}

impl Code {
    /// A code of severity info.
    pub const fn info(name: &'static str, meaning: &'static str) -> Self {
        Self { name, severity: Severity::Info, meaning }
    }

    /// A code of severity warning.
    pub const fn warning(name: &'static str, meaning: &'static str) -> Self {
        Self { name, severity: Severity::Warning, meaning }
    }

    /// A code of severity error.
    pub const fn error(name: &'static str, meaning: &'static str) -> Self {
        Self { name, severity: Severity::Error, meaning }
    }

    /// The code seen on `subject`: a setting, a version; with words about this very case.
    pub fn finding(&self, subject: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding {
            code: self.name,
            severity: self.severity,
            subject: subject.into(),
            message: message.into(),
            cure: String::new(),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
