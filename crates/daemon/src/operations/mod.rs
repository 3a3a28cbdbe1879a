//! What people and machines see of the daemon: metrics, status, control, and the sandbox that it puts itself into.
//!
//! ```text
//! engine ─► Metrics, Journal ─┐
//! program ─► Snapshot ────────┼─► View ─► status (HTTP, read only) ─► Prometheus, people
//! watchdog ─► Health ─────────┘    └────► control (Unix socket) ◄──► starttls reload, starttls cache
//! ```
//!
//! Nothing here knows how an answer is found. Documents: docs/daemon.md, docs/metrics.md, docs/status.md.

pub mod allocator;
pub mod control;
mod health;
mod journal;
mod metrics;
pub mod sandbox;
mod snapshot;
pub mod status;
mod systemd;

pub use health::{Health, HealthState};
pub use journal::{Failure, Journal, Slow};
pub use metrics::{Ended, How, Metrics, What};
pub use snapshot::{Connections, Snapshot};
pub use status::{StatusServer, View};
pub use systemd::{Notifier, watch};
