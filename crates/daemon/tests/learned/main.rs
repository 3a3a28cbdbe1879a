//! What was learnt outlasts restarts, crashes and damage, and is shared between nodes without weakening any of them.
#![expect(clippy::unwrap_used, reason = "a test")]

mod blocked_rows;
mod clocks;
mod crashes;
mod distance;
mod distances;
mod hostile;
mod load;
mod log;
mod nodes;
mod outages;
mod room;
mod round_trip;
mod support;
mod upkeep;
