//! Overrides: what the operator has decided for one domain, until a date and for a reason.

use alloc::string::String;

use crate::domain::Domain;
use crate::policy::Policy;
use crate::timestamp::Timestamp;

/// An operator's word on one domain; it wins over everything until it ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// The policy domain.
    pub domain: Domain,
    /// What holds instead.
    pub ruling: Ruling,
    /// The first second at which it no longer holds.
    pub until: Timestamp,
    /// Why, in the operator's words.
    pub reason: String,
}

/// What holds instead.
#[derive(Clone, Debug, PartialEq)]
pub enum Ruling {
    /// Deliver in any case.
    Relax,
    /// What else would be demanded is only noted.
    Testing,
    /// This policy, whatever the domain publishes.
    Require(Policy),
}

impl Ruling {
    /// The word used on the command line and in output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Relax => "relax",
            Self::Testing => "testing",
            Self::Require(_) => "require",
        }
    }
}
