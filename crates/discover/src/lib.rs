//! What a domain publishes: MX, MTA-STS and DANE, asked live and turned into evidence.
//!
//! ```text
//! Domain ─► mx ─► MX hosts ─► tlsa, each ─► DaneEvidence ─┐
//!        └► sts_record ─► sts_policy ──────► StsEvidence ─┴─► starttls_policy::decide
//! ```
//!
//! Every answer says how long it may be kept; keeping it is `starttls-daemon`. Sockets are `starttls-net`, wire formats
//! `starttls-proto`.
//!
//! Spec: RFC 7672 §2 (DANE), RFC 8461 §3 (MTA-STS), RFC 5321 §5.1 and RFC 7505 (MX), RFC 2308 §5 (how long denials last).

mod answer;
mod discovering;
mod evidence;
mod findings;
mod live;
mod suitable;
mod survey;

pub use answer::{
    Denial, FAILURE_TTL, Failure, MxLookup, MxState, PolicyFailure, RecordLookup, RecordState, ResolverState,
    TlsaLookup, Validation,
};
pub use discovering::Discovering;
pub use evidence::{evidence, sts_evidence};
pub use findings::{CODES, findings};
pub use live::{Live, LiveSettings, Probe};
pub use suitable::suitable;
pub use survey::{Survey, survey};
