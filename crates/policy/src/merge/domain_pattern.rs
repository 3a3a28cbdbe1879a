//! Domains that the operator names at once: one, or all below a name.

use alloc::string::String;
use core::fmt;

use crate::domain::Domain;
use crate::name::{Name, NameError};

/// `example.org` for itself, `*.example.org` or `*.org` for everything below.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DomainPattern {
    /// That domain alone.
    Exact(Domain),
    /// Whatever ends so: a dot and one label or more.
    Below(String),
}

impl DomainPattern {
    /// Reads `example.org`, `*.example.org` or `*.org`.
    ///
    /// # Errors
    /// [`NameError`] when what stands behind `*.` is no name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let Some(parent) = text.strip_prefix("*.") else {
            return Domain::parse(text).map(Self::Exact);
        };
        // A top-level domain is one label, which is no name by itself.
        let with_child = Name::parse(&alloc::format!("x.{parent}"))?;
        Ok(Self::Below(with_child.as_str().trim_start_matches('x').into()))
    }

    /// Tells whether the domain is meant.
    pub fn covers(&self, domain: &Domain) -> bool {
        match self {
            Self::Exact(exact) => exact == domain,
            Self::Below(suffix) => {
                domain.as_str().len() > suffix.len() && domain.as_str().ends_with(suffix.as_str())
            }
        }
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(domain) => domain.fmt(f),
            Self::Below(ending) => write!(f, "*{ending}"),
        }
    }
}
