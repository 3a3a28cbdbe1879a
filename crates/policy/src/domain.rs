//! Policy domains: what follows the `@` of a recipient's address.
//!
//! Spec: RFC 8461 §1.1, RFC 8460 §1.1.

use core::fmt;
use core::str::FromStr;

use crate::name::{Name, NameError};

/// A policy domain; it stands for itself alone, never for the domains below it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Domain(pub(crate) Name);

impl Domain {
    /// Reads a domain: A-labels or U-labels, any case, no trailing dot.
    ///
    /// # Errors
    /// [`NameError`] says which rule of host names the text breaks.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Name::parse(text).map(Self)
    }

    /// The domain in lower-case A-labels.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Domain {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
