//! What a domain publishes about itself, as far as it could be found out.
//!
//! Found, absent and inconclusive are three different things everywhere: what could not be asked never reads as
//! "not there". Asking is `starttls-discover`; the wire formats are `starttls-proto`.
//!
//! Spec: RFC 7672 §2.1 and §2.2 (DANE for SMTP), RFC 8461 §3 and §5 (MTA-STS).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::mode::Mode;
use crate::mx::MxPattern;
use crate::timestamp::Timestamp;

/// DANE evidence of one domain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum DaneEvidence {
    /// Nobody looked: no validating resolver, or no live sources.
    NotAsked,
    /// The MX look-up timed out, failed or was bogus, and no earlier answer is still valid.
    MxInconclusive {
        /// What happened.
        cause: Cause,
    },
    /// DANE protected the domain, and the resolver does not prove that it validates DNSSEC: nothing that it answers may take the
    /// protection away.
    Unproven,
    /// The MX RRset is known, fresh or cached.
    Found(DaneHosts),
}

/// What the MX look-up and the TLSA look-ups of its hosts answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DaneHosts {
    /// State of the MX RRset.
    pub mx: Security,
    /// State of each host's TLSA records.
    pub hosts: Vec<Tlsa>,
    /// When it was asked.
    pub seen: Timestamp,
}

/// DNSSEC state of an answer that may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Security {
    /// Signed and verified.
    Secure,
    /// Proven to be unsigned.
    Insecure,
}

/// State of one MX host's TLSA records.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tlsa {
    /// At least one secure, usable record.
    Usable,
    /// Secure records, none of them usable for SMTP (RFC 7672 §3.1).
    Unusable,
    /// Proven not to be there, or in an unsigned zone.
    Absent,
    /// Timed out, failed or bogus.
    Inconclusive,
}

/// MTA-STS evidence of one domain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StsEvidence {
    /// Nobody looked.
    NotAsked,
    /// No policy is published.
    Absent {
        /// When it was asked.
        seen: Timestamp,
    },
    /// It could not be told; an earlier policy that has not ended still holds.
    Inconclusive {
        /// What happened.
        cause: Cause,
        /// The earlier policy.
        cached: Option<StsPolicy>,
    },
    /// A valid policy.
    Found(StsPolicy),
}

/// A policy as a policy host served it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StsPolicy {
    /// Its mode.
    pub mode: Mode,
    /// Its MX patterns.
    pub mx: Vec<MxPattern>,
    /// The `id` of the TXT record.
    pub id: String,
    /// When it was fetched.
    pub fetched: Timestamp,
    /// How long it holds from then on.
    pub max_age: Duration,
}

/// A validly fetched `none` or `testing` that releases a list entry from then on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StsRelease {
    /// The mode that was fetched.
    pub mode: ReleasingMode,
    /// When.
    pub at: Timestamp,
}

/// A mode by which a domain takes back what a list says of it; `enforce` takes nothing back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReleasingMode {
    /// Nothing is asked.
    None,
    /// Failures are noted, mail is delivered.
    Testing,
}

/// Why something is inconclusive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// A DNS answer whose signatures do not hold.
    Bogus,
    /// The certificate of the policy host.
    Certificate,
    /// A server answered with a failure.
    Failure,
    /// Too many new domains were asked for at once; nobody was asked about this one.
    OverBudget,
    /// No answer in time.
    Timeout,
}

impl DaneEvidence {
    /// Tells whether the decision is the same whatever MTA-STS and the lists say, so that nobody need wait for them: the
    /// MX look-up is inconclusive, the resolver proves nothing, or every host of a secure MX RRset has records that are usable or could not be told.
    pub fn settles(&self) -> bool {
        match self {
            Self::NotAsked => false,
            Self::MxInconclusive { .. } | Self::Unproven => true,
            Self::Found(found) => {
                let binds = |tlsa: &Tlsa| matches!(tlsa, Tlsa::Usable | Tlsa::Inconclusive);
                found.mx == Security::Secure && !found.hosts.is_empty() && found.hosts.iter().all(binds)
            }
        }
    }
}

impl StsPolicy {
    /// The first second at which the policy no longer holds.
    pub fn ends(&self) -> Timestamp {
        let end = self.fetched.seconds().saturating_add(self.max_age.as_secs());
        Timestamp::from_seconds(end).unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for ReleasingMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => Mode::None.name(),
            Self::Testing => Mode::Testing.name(),
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bogus => "a DNS answer with signatures that do not hold",
            Self::Certificate => "the policy host's certificate",
            Self::Failure => "a server's failure",
            Self::OverBudget => "too many new domains at once",
            Self::Timeout => "no answer in time",
        })
    }
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secure => "secure",
            Self::Insecure => "insecure",
        })
    }
}
