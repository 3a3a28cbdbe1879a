//! Questions to a validating DNS resolver, and whether it verified what it answers.
//!
//! ```text
//! name, kind ─► Question ─► UDP (or TCP, when it does not fit) ─► Reply: records, TTL, Secure or Insecure
//!                              │ next server when silent or failing
//!                              └─► DnsFailure: inconclusive, never "not there"
//! ```
//!
//! A stub: signatures are verified by the resolver, whose AD bit is believed where [`Trust`] allows it. Nothing is kept:
//! that is `starttls-daemon`. What an answer means for mail is `starttls-discover`.
//!
//! Spec: RFC 1035 §4, RFC 2308 §2 and §5 (denials), RFC 4035 §4.9.3 (trusting a resolver), RFC 6840 §5.7 (asking for the AD
//! bit), RFC 6891 (EDNS), RFC 7672 §2.1 (aliases, errors), RFC 8914 (extended errors).

mod data;
mod failure;
mod health;
mod ids;
mod question;
mod reading;
mod reply;
mod resolv_conf;
mod resolver;
mod settings;
mod transport;

pub use data::{Data, Kind};
pub use failure::DnsFailure;
pub use question::{NameRefused, Question};
pub use reading::{Reading, Unreadable};
pub use reply::{MAX_DENIAL_TTL, MAX_TTL, Outcome, Reply};
pub use resolv_conf::{Complaint, ResolvConf};
pub use resolver::Resolver;
pub use settings::{ResolverSettings, Trust};

/// The port of the DNS.
const PORT: u16 = 53;
