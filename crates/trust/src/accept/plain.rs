//! Acceptance of lists without proofs: an OpenPGP signature, a git tag, or nothing at all stands behind them.
//!
//! Who signed is checked before; here it is what such a list says of itself against what is remembered.
//!
//! Spec: docs/list-distribution.md, "Sources without proofs".

use alloc::string::{String, ToString};

use serde::{Deserialize, Serialize};
use starttls_policy::{List, Timestamp};

use super::judge::check_order;
use super::{End, MAX_MEMORY_BYTES, MemoryError, Refusal, is_ahead};
use crate::digest::Digest;
use crate::ladder::{Clock, Event};
use crate::term::Term;
use crate::text;

/// What a list says of itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Facts {
    /// Its serial; of dialects without one, the timestamp in seconds.
    pub serial: u64,
    /// Hash of its bytes.
    pub sha256: Digest,
    /// When it was issued; a list without a time is refused.
    pub timestamp: Option<Timestamp>,
    /// When it ends; a list without an end is refused.
    pub expires: Option<Timestamp>,
}

/// What a client remembers of a source without proofs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlainMemory {
    /// The list's serial.
    pub serial: u64,
    /// Hash of its bytes.
    pub sha256: Digest,
    /// When it was issued.
    #[serde(with = "text::time")]
    pub timestamp: Timestamp,
    /// When it begins to age, and when it ends.
    pub term: Term,
}

impl Facts {
    /// Of a list and the hash of the bytes that it was read from.
    pub const fn of(list: &List, sha256: Digest) -> Self {
        let head = &list.head;
        Self { serial: head.serial, sha256, timestamp: head.timestamp, expires: head.expires }
    }
}

impl PlainMemory {
    /// Reads the file that [`PlainMemory::to_text`] wrote.
    ///
    /// # Errors
    /// [`MemoryError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, MemoryError> {
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_MEMORY_BYTES {
            return Err(MemoryError::TooLarge);
        }
        serde_json::from_slice(bytes).map_err(|error| MemoryError::Form(error.to_string()))
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// For the staleness ladder, when it was accepted at `now`, the local clock.
    pub fn event(&self, now: Timestamp) -> Event {
        Clock::new(now, None).accepted(self.term)
    }
}

/// Judges a list whose signature, if any, was verified: serial ≥ stored, timestamp ≥ stored, not from the future, not ended.
///
/// `now` is the local clock: nothing else tells the time here.
///
/// # Errors
/// [`Refusal`]; two signed lists of one serial are a contradiction. What is unsigned proves nothing, and its caller takes
/// that for a failed fetch.
pub fn plain(memory: Option<&PlainMemory>, facts: Facts, now: Timestamp) -> Result<PlainMemory, Refusal> {
    let Facts { serial, sha256, timestamp, expires } = facts;
    let (Some(timestamp), Some(expires)) = (timestamp, expires) else { return Err(Refusal::Incomplete) };
    if let Some(known) = memory {
        check_order(serial, known.serial, (known.sha256, sha256), (known.timestamp, timestamp))?;
    }
    if is_ahead(timestamp, now) {
        return Err(Refusal::FromTheFuture { timestamp, now });
    }
    let term = Term::plain(timestamp, expires);
    if term.has_ended(now) {
        return Err(Refusal::Ended(End { end: term.end, expires, now }));
    }
    Ok(PlainMemory { serial, sha256, timestamp, term })
}
