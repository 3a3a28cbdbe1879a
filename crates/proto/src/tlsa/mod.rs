//! TLSA records: what a host's operator binds its certificate to, and whether that is any use for SMTP.
//!
//! Comparing a certificate with them is left to the mail server; that the records are signed is for whoever asked the DNS to
//! know.
//!
//! Spec: RFC 6698 §2.1 (format), RFC 7672 §2.2 and §3.1 (usable and unusable), RFC 7218 (names).

mod der;
mod record;
mod usability;

pub use record::{MatchingType, Record, Selector, TlsaError, Usage};
pub use usability::{Unusable, Usability, state, state_of_rdata};
