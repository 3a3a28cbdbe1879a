//! Domains, MX patterns, policy lists and the decision what each recipient domain demands.
//!
//! Pure: no clock, file, socket, environment, randomness, task or log; time comes in as an argument.
//! Fetching and accepting lists is `starttls-sources`, writing mail server text is `starttls-mta`.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod causes;
pub mod check;
pub mod decide;
pub mod diff;
mod domain;
mod finding;
pub mod index;
mod list;
pub use index::lookup;
pub mod merge;
mod mode;
mod mx;
mod name;
mod pin;
mod policy;
pub mod read;
mod relaxed;
mod report_to;
mod timestamp;
pub mod write;

pub use causes::with_causes;
pub use decide::{Action, Decision, Demand, Origin, decide};
pub use domain::Domain;
pub use finding::{Code, Finding, Severity};
pub use list::{Alias, Dialect, Entry, Extensions, Head, List, Listed, Notes, Terms};
pub use mode::{Mode, Requirement, TlsFloor, TlsVersion};
pub use mx::{MxHost, MxPattern, MxPatternError, Reach};
pub use name::{MAX_LABEL_CHARS, MAX_NAME_CHARS, NameError, printable};
pub use pin::{Label, MAX_SPKI_BYTES, Pin, PinError, PinKind, Pinset, Spki};
pub use policy::{Policy, Strictness};
pub use relaxed::{Relaxation, Relaxations};
pub use report_to::{MAX_REPORT_TO_CHARS, ReportTo, ReportToError};
pub use timestamp::{Date, TimeError, Timestamp};
