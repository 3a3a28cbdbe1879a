//! The daemon at one moment: numbers that are read when somebody looks, rather than kept up to date for nobody.

use std::time::Duration;

use serde::Serialize;

use crate::KnownSource;
use crate::engine::LookupReport;
use crate::learned::{Counts, SharedTroubles};

/// The daemon at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Since it started.
    pub uptime: Duration,
    /// Answers at hand.
    pub hot_entries: u64,
    /// The memory that they take.
    pub hot_bytes: u64,
    /// Answers that are being found out.
    pub in_flight: u64,
    /// New domains over the budget, whose policy waits to be fetched.
    pub waiting: u64,
    /// What is remembered beyond a restart.
    pub learned: Counts,
    /// State of the store that nodes share: `connecting`, `up`, `held-up`, `read-only` or `down`; `None` where each node has its own.
    pub shared_store: Option<&'static str>,
    /// Why it is `held-up`, `read-only` or `down`, in the database's own words.
    pub shared_store_cause: Option<String>,
    /// What went wrong with it.
    pub shared_troubles: SharedTroubles,
    /// Whether the resolver validates DNSSEC: `proven`, `refuted`, `lost` or `unknown`.
    pub validation: &'static str,
    /// Whether it denies existence in signed zones: `working`, `failing` or `unknown`.
    pub denial: &'static str,
    /// Whether MX look-ups are answered, and which resolvers do.
    pub lookups: LookupReport,
    /// Lists, each with its standing.
    pub sources: Vec<KnownSource>,
    /// Files that cannot be read or opened, with the cure: the daemon answers without them.
    pub troubles: Vec<String>,
    /// Clients of the socketmap.
    pub connections: Connections,
}

/// Clients of the socketmap.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Connections {
    /// Open now.
    pub open: u64,
    /// Accepted since the start.
    pub accepted: u64,
    /// Closed by us to make room.
    pub shed: u64,
    /// Closed by us since a deadline had passed: idle, half a request, replies not read.
    pub expired: u64,
    /// Closed by us since what they sent was no request.
    pub malformed: u64,
    /// Requests to a map that there is not.
    pub unknown_map: u64,
    /// Requests that got a temporary error in place of an answer: too many under way, too slow, or broken.
    pub unanswered: u64,
}
