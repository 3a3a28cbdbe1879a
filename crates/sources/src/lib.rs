//! Policy lists: fetched, accepted, kept; overrides; the merged view; the status of each source.
//!
//! ```text
//! settings ─► refresh ─► kinds (witnessed, openpgp, git-tag, unsigned) ─► acceptance (starttls-trust) ─► state
//!             load    ◄──────────────────────────────────────────────────────────────────────────────── state
//!             status  ◄──────────────────────────────────────────────────────────────────────────────── state
//! ```
//!
//! Decides nothing and writes no mail server's files: those are `starttls_policy::decide` and `starttls-apply`.

mod compiled;
pub mod fetch;
mod git;
mod in_force;
mod kinds;
mod load;
mod local;
pub mod map;
mod outside;
pub mod overrides;
mod refresh;
mod relax_ahead;
pub mod settings;
mod state;
mod status;
mod term;
#[cfg(test)]
mod testing;

pub use compiled::{Compiled, compile, look_up};
pub use git::{Git, GitError};
pub use in_force::{Absence, InForce, Loaded};
pub use load::{is_forgotten, load};
pub use outside::Outside;
pub use refresh::{Fetched, Keeping, Outcome, Refreshed, fetch, random_order, refresh};
pub use relax_ahead::relaxations_ahead;
pub use state::{Lock, StateDir, StateError, TrustKind};
pub use status::{Counting, FailureStatus, ListStatus, NextEvent, RelaxStatus, SourceStatus, status};

/// Every code that fetching and keeping lists may give, for the documentation.
pub fn codes() -> impl Iterator<Item = &'static starttls_policy::Code> {
    refresh::CODES.iter().chain([&kinds::BEYOND_END, &kinds::SERIAL_NOT_RAISED])
}
