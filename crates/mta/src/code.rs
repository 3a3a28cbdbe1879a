//! Codes: permanent dotted names, each with its weight and what it means.
//!
//! A server's folder keeps its codes in constant arrays, from which the documentation is made.

use alloc::string::String;

use starttls_policy::{Finding, Severity};

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
