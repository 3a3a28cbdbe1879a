//! The maintainer's side: lists built, reviewed, signed, logged and published; a witness that any organisation can run.
//!
//! ```text
//! template ─► root ────────────┐
//! sources ──► build ─► review ─┼─► sign (offline, each organisation) ─► publish ─► log ─► witnesses ─► directory
//! emergency ─► relax order ────┘                                                   └─► refresh, by a timer
//! ```
//!
//! What is signed and who may sign is `starttls-trust`; accepting what is published here is `starttls-sources`.
//!
//! Spec: docs/list-distribution.md; how people use it is docs/maintainer-ceremony.md.

pub mod audit;
pub mod build;
mod file;
pub mod key_file;
pub mod note_file;
pub mod operator;
pub mod publication;
pub mod relax;
pub mod review;
pub mod root;
pub mod signing;
pub mod witness;

pub use file::{FileError, replace};
