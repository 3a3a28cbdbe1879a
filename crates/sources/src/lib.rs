//! Policy lists: fetched, accepted, kept; overrides; the merged view; the status of each source.
//!
//! ```text
//! settings ─► refresh ─► kinds (witnessed, openpgp, git-tag, unsigned) ─► acceptance (starttls-trust) ─► state
//!             load    ◄──────────────────────────────────────────────────────────────────────────────── state
//!             status  ◄──────────────────────────────────────────────────────────────────────────────── state
//! ```
//!
//! Decides nothing and writes no mail server's files: those are `starttls_policy::decide` and `starttls-apply`.

#![allow(dead_code, unused_imports, reason = "the kinds of source that use it come next")]

mod fault;
pub mod fetch;
mod git;
mod in_force;
mod load;
pub mod map;
pub mod overrides;
pub mod pending;
mod refresh;
pub mod settings;
mod state;
mod status;

pub use git::Git;
pub use in_force::{Absence, InForce, Loaded};
pub use load::load;
pub use refresh::{Keeping, Outcome, Outside, Refreshed, random_order, refresh};
pub use state::{Lock, StateDir, StateError, TrustKind};
pub use status::{Counting, FailureStatus, ListStatus, NextEvent, RelaxStatus, SourceStatus, status};
