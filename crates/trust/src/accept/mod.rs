//! Acceptance: whether what a mirror offers may take the place of what is held.
//!
//! ```text
//! bundle ─► judge ─► Judged: what to fetch ─► with_list ─► Accepted: what to remember
//!            └────────────────┴─► Refusal: why, and how much it weighs
//! ```
//!
//! What is remembered is changed by an [`Accepted`] alone, and that never leads back: a refused candidate cannot touch it.
//! Fetching, keeping and trying the next mirror is `starttls-sources`; what follows for mail is [`ladder`](crate::ladder).
//!
//! Spec: docs/list-distribution.md, "Acceptance".

mod carried;
mod judge;
mod judged;
mod memory;
mod plain;
mod refusal;

use starttls_policy::Timestamp;

use crate::term::{DAY_SECONDS, later};

pub use judge::judge;
pub use judged::{Accepted, Judged};
pub use memory::{HeldList, HeldLog, MAX_MEMORY_BYTES, Memory, MemoryError};
pub use plain::{Facts, PlainMemory, plain};
pub use refusal::{End, Part, Refusal, Weight};

/// How far a time may lie ahead of the local clock: a day, in seconds. Beyond, one of the two clocks is wrong.
pub const MAX_AHEAD_SECONDS: u64 = DAY_SECONDS;

/// How far a quorum time may lie behind the remembered one: a day, in seconds. Cosignatures of several witnesses come
/// within minutes, so a mirror that is further behind is frozen.
pub const MAX_BEHIND_SECONDS: u64 = DAY_SECONDS;

fn is_ahead(time: Timestamp, now: Timestamp) -> bool {
    time > later(now, MAX_AHEAD_SECONDS)
}
