//! What one question to the outside brought back, and how long it may be kept.

use std::time::Duration;

use starttls_policy::MxHost;
use starttls_policy::decide::evidence::{Cause, Security, Tlsa};

/// How long a failure may be kept (RFC 2308 §7 allows five minutes): long enough that not each mail asks again, short
/// enough that the next attempt to deliver does.
pub const FAILURE_TTL: Duration = Duration::from_secs(30);

/// An MX look-up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MxLookup {
    /// What it told.
    pub state: MxState,
    /// How long that may be kept, as the DNS says.
    pub ttl: Duration,
}

/// Where mail for a domain goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MxState {
    /// To these hosts, by preference; never empty. Names that no host can have are left out.
    Hosts {
        /// State of the MX RRset.
        security: Security,
        /// The hosts.
        hosts: Vec<MxHost>,
        /// How many further hosts there are that nobody looks at.
        beyond: usize,
    },
    /// There is no MX record: to the domain itself (RFC 5321 §5.1).
    Implicit {
        /// State of the denial.
        security: Security,
    },
    /// Nowhere: a null MX (RFC 7505), or no such domain.
    Nowhere {
        /// State of the answer.
        security: Security,
    },
    /// To nobody: there are MX records, and none of them names a host that mail could go to.
    NoUsableName {
        /// State of the answer.
        security: Security,
    },
    /// It could not be told.
    Inconclusive(Failure),
}

/// A look-up of one MX host's TLSA records.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsaLookup {
    /// What it told.
    pub state: Tlsa,
    /// Why it is inconclusive.
    pub failure: Option<Failure>,
    /// How long that may be kept.
    pub ttl: Duration,
}

/// A look-up of the TXT record `_mta-sts.DOMAIN`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordLookup {
    /// What it told.
    pub state: RecordState,
    /// How long that may be kept.
    pub ttl: Duration,
}

/// What the TXT record says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RecordState {
    /// A policy is published under this `id`.
    Id(String),
    /// No valid record, or more than one: no policy (RFC 8461 §3.1).
    Absent,
    /// It could not be told.
    Inconclusive(Failure),
}

/// Why something is inconclusive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// The kind, for the decision.
    pub cause: Cause,
    /// For people: one line that names server and circumstance.
    pub words: String,
}

/// Why a policy could not be had from its policy host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyFailure {
    /// The kind and the words.
    pub failure: Failure,
    /// The name registered for reports (RFC 8460 §4.3.2): `sts-policy-fetch-error`, `sts-policy-invalid`, `sts-webpki-invalid`.
    pub result_type: &'static str,
}

/// Whether the resolver validates DNSSEC, as far as it lets us see.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Validation {
    /// It marked a signed answer as verified.
    Proven,
    /// It answered, and did not.
    Refuted {
        /// What was asked and what came.
        words: String,
    },
    /// It did not answer.
    Unknown(Failure),
}

/// Whether a resolver denies what is not there in signed zones (RFC 4035 §3.1.3), as far as it lets us see.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Denial {
    /// NODATA and NXDOMAIN arrive, and are marked as verified.
    Working,
    /// What is there is answered, what is not there fails or is not verified.
    Failing {
        /// What was asked and what came.
        words: String,
    },
    /// It was not tried, or the zone could not be reached at all.
    Unknown,
}

/// One resolver and how it answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ResolverState {
    /// Its address and port.
    pub server: String,
    /// Why it is not asked at this moment; `None` while it answers.
    pub failure: Option<String>,
}
