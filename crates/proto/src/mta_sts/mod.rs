//! MTA-STS: the TXT record that announces a policy, and the policy itself.
//!
//! Spec: RFC 8461 §3.

mod field;
mod policy_file;
mod record;

pub use policy_file::{
    LeftOut, MAX_AGE_LIMIT, MAX_FILE_BYTES, MAX_PATTERN_TEXT_BYTES, MAX_PATTERNS, PolicyFile,
    PolicyFileError, UnusableMx,
};
pub use record::{MAX_ID_CHARS, Record, RecordError};
