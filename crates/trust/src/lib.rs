//! Who may say what, and how stale is too stale: signed documents, the log and its proofs, acceptance, staleness.
//!
//! Pure: no clock, file, socket, environment, randomness, task or log; time comes in as an argument. Fetching and keeping
//! is `starttls-sources`, making and signing `starttls-publish`, OpenPGP `starttls-openpgp`.
//!
//! Spec: docs/list-distribution.md.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod git_tag;

pub use git_tag::{CollisionError, GitTag, GitTagError, MAX_TAG_BYTES, ObjectFormat, ObjectId, ObjectKind};
