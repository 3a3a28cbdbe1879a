//! The status as programs read it: stable, members are added and never changed (docs/status.md).

use serde::Serialize;
use starttls_discover::ResolverState;
use starttls_policy::Timestamp;

use crate::KnownSource;
use crate::engine::LookupReport;
use crate::learned::{Counts, SharedTroubles};
use crate::operations::{Connections, Failure, HealthState, Slow, Snapshot};

/// Grows when a member changes its meaning or goes.
const VERSION: u32 = 1;

/// The status as programs read it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StatusDocument {
    /// Of this document's form.
    pub version: u32,
    /// Of the program.
    pub program: &'static str,
    /// When it was made, RFC 3339.
    pub now: String,
    /// Since the daemon started.
    pub uptime_seconds: u64,
    /// Whether look-ups are answered.
    pub health: HealthState,
    /// Whether the resolver validates DNSSEC: `proven`, `refuted`, `lost`, `unknown`.
    pub validation: &'static str,
    /// Whether the resolver denies existence in signed zones: `working`, `failing`, `unknown`.
    pub denial: &'static str,
    /// Whether MX look-ups are answered.
    pub lookups: Lookups,
    /// Policy lists.
    pub lists: Vec<KnownSource>,
    /// Answers at hand.
    pub cache: Cache,
    /// What is remembered beyond a restart.
    pub learned: Counts,
    /// State of the store that nodes share; `null` without one.
    pub shared_store: Option<&'static str>,
    /// Why it is not `up`; `null` if it is, or without one.
    pub shared_store_cause: Option<String>,
    /// What went wrong with it since the start; `null` without one.
    pub shared_store_failures: Option<SharedTroubles>,
    /// Files that cannot be read or opened, with the cure: the daemon answers without them.
    pub troubles: Vec<String>,
    /// Clients.
    pub connections: Connections,
    /// What the sandbox holds, in words.
    pub sandbox: String,
    /// The newest first.
    pub recent_failures: Vec<Failure>,
    /// The slowest first, of one day.
    pub slowest: Vec<Slow>,
}

/// Whether MX look-ups are answered.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Lookups {
    /// `working`, `degraded`, `failing` or `unknown`.
    pub state: &'static str,
    /// The last failure, while there is one.
    pub failure: Option<String>,
    /// The resolvers that are asked.
    pub resolvers: Vec<Resolver>,
}

/// One resolver.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Resolver {
    /// Its address and port.
    pub server: String,
    /// Why it is left out; `null` while it answers.
    pub failure: Option<String>,
}

impl From<LookupReport> for Lookups {
    fn from(report: LookupReport) -> Self {
        let LookupReport { state, failure, resolvers } = report;
        let resolver = |ResolverState { server, failure }| Resolver { server, failure };
        Self { state: state.name(), failure, resolvers: resolvers.into_iter().map(resolver).collect() }
    }
}

/// Answers at hand.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cache {
    /// How many.
    pub entries: u64,
    /// The memory that they take.
    pub bytes: u64,
    /// Answers that are being found out.
    pub in_flight: u64,
    /// New domains over the budget, whose policy waits to be fetched: mail to them goes without MTA-STS.
    pub waiting: u64,
}

impl StatusDocument {
    pub(super) fn new(
        now: Timestamp,
        health: HealthState,
        snapshot: Snapshot,
        recent_failures: Vec<Failure>,
        slowest: Vec<Slow>,
        sandbox: &str,
    ) -> Self {
        let Snapshot { hot_entries: entries, hot_bytes: bytes, in_flight, waiting, .. } = snapshot;
        Self {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION"),
            now: now.to_string(),
            uptime_seconds: snapshot.uptime.as_secs(),
            health,
            validation: snapshot.validation,
            denial: snapshot.denial,
            lookups: snapshot.lookups.into(),
            lists: snapshot.sources,
            cache: Cache { entries, bytes, in_flight, waiting },
            learned: snapshot.learned,
            shared_store: snapshot.shared_store,
            shared_store_cause: snapshot.shared_store_cause,
            shared_store_failures: snapshot.shared_store.map(|_| snapshot.shared_troubles),
            troubles: snapshot.troubles,
            connections: snapshot.connections,
            sandbox: sandbox.into(),
            recent_failures,
            slowest,
        }
    }
}
