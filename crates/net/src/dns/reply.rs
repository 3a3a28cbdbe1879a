//! What a resolver answered.
//!
//! Spec: RFC 2308 §2 and §5 (denials), RFC 2181 §8 (TTL).

use std::time::Duration;

use starttls_policy::decide::evidence::Security;

use super::Data;

/// The longest that something found is said to last: a week, however large the TTL.
pub const MAX_TTL: Duration = Duration::from_hours(7 * 24);

/// The longest that a denial is said to last (RFC 2308 §5: one to three hours work well).
pub const MAX_DENIAL_TTL: Duration = Duration::from_hours(3);

/// An answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    /// What was found.
    pub outcome: Outcome,
    /// Whether a trusted resolver verified all of it, each alias on the way included.
    pub security: Security,
    /// How long it may be kept: the shortest of all records involved; for a denial that of the zone's SOA record, and
    /// zero where it came without one.
    pub ttl: Duration,
    /// The name at the end of the aliases, in lower case and without the trailing dot.
    pub canonical: String,
    /// What was found, in the resolver's order; never empty for [`Outcome::Found`], always empty else.
    pub records: Vec<Data>,
}

/// What was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Records.
    Found,
    /// The name is there, records of that kind are not.
    NoData,
    /// The name is not there.
    NxDomain,
}

impl Reply {
    /// Tells whether records were found.
    pub fn is_found(&self) -> bool {
        self.outcome == Outcome::Found
    }

    /// Tells whether a trusted resolver verified the answer.
    pub fn is_secure(&self) -> bool {
        self.security == Security::Secure
    }
}
