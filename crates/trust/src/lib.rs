//! Who may say what, and how stale is too stale: signed documents, the log and its proofs, acceptance, staleness.
//!
//! ```text
//! root chain ─► who may sign ─┬─► list statement ─► size and hash of the list
//!                             ├─► relax orders
//! bundle ─► manifest, leaves ─┴─► checkpoint ─► witnesses ─► quorum time ─► acceptance ─► staleness ladder
//! ```
//!
//! Pure: no clock, file, socket, environment, randomness, task or log; time comes in as an argument. Fetching and keeping
//! is `starttls-sources`, making and signing `starttls-publish`, OpenPGP `starttls-openpgp`.
//!
//! Spec: docs/list-distribution.md.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod accept;
pub mod bundle;
pub mod chain;
mod digest;
pub mod document;
mod git_tag;
pub mod key;
pub mod ladder;
pub mod log;
pub mod note;
pub mod relax;
mod term;
mod text;
pub mod threshold;

pub use accept::{Accepted, Judged, Memory, Refusal, Weight, judge};
pub use bundle::{Bundle, BundleError};
pub use chain::Anchor;
pub use digest::{Digest, DigestError};
pub use document::{Document, DocumentError};
pub use git_tag::{CollisionError, GitTag, GitTagError, MAX_TAG_BYTES, ObjectFormat, ObjectId, ObjectKind};
pub use key::{Algorithm, KeyError, SigningKey, VerifierKey};
pub use note::{NoteError, SignedNote};
pub use term::Term;
