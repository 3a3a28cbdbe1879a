//! What the tests of the memory share.

use std::path::Path;
use std::time::Duration;

use starttls_daemon::learned::{KeptPolicy, Learned, LearnedSettings, Learnt, SharedState};
use starttls_policy::decide::evidence::StsPolicy;
use starttls_policy::{Domain, Mode, MxPattern, Timestamp};
use starttls_store::{Database, Migrations, Place, PostgresUrl, StoreError};
use starttls_testkit::postgres::Postgres;

/// The time at which most tests play.
pub(crate) const NOW: u64 = 1_800_000_000;

/// How long most policies hold, in seconds.
pub(crate) const WEEK: u64 = 604_800;

/// What no test waits longer for.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

pub(crate) fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

pub(crate) fn settings(path: &Path) -> LearnedSettings {
    LearnedSettings {
        path: path.to_owned(),
        shared: None,
        node: "one".into(),
        row_limit: 2_000_000,
        settled_after: Duration::ZERO,
    }
}

pub(crate) async fn alone(path: &Path) -> Learned {
    Learned::open(settings(path)).await
}

/// A node with a shared store, whether that answers or not.
pub(crate) async fn node(path: &Path, name: &str, url: &str) -> Learned {
    let shared = Some(PostgresUrl::parse(url).unwrap());
    Learned::open(LearnedSettings { shared, node: name.into(), ..settings(path) }).await
}

/// Waits until the shared store answers.
pub(crate) async fn until_up(node: &Learned) {
    until(node, |state| *state == SharedState::Up).await;
}

/// Waits until it is known that the shared store does not answer.
pub(crate) async fn until_down(node: &Learned) {
    until(node, |state| matches!(state, SharedState::Down { .. })).await;
}

async fn until(node: &Learned, is_so: impl Fn(&SharedState) -> bool) {
    let waiting = async {
        let mut state = node.shared_state();
        while !is_so(&state) {
            state = node.shared_state_after(&state).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

/// A policy, fetched and confirmed at a time, that holds for a week.
pub(crate) fn policy(mode: Mode, fetched: u64) -> KeptPolicy {
    lasting(mode, fetched, WEEK)
}

pub(crate) fn lasting(mode: Mode, fetched: u64, max_age: u64) -> KeptPolicy {
    let mx = vec![MxPattern::parse("mx.example.org").unwrap(), MxPattern::parse("*.example.net").unwrap()];
    let policy = StsPolicy {
        mode,
        mx,
        id: "20261122T000000".into(),
        fetched: at(fetched),
        max_age: Duration::from_secs(max_age),
    };
    KeptPolicy { policy, confirmed: at(fetched), origin: Learnt::Here }
}

/// The shared store as an administrator has it, or an intruder.
pub(crate) async fn shared(server: &Postgres) -> Database {
    try_shared(server).await.unwrap()
}

pub(crate) async fn try_shared(server: &Postgres) -> Result<Database, StoreError> {
    let place = Place::parse(&server.url()).unwrap();
    Database::open(&place, &Migrations { feature: "tests", steps: &[] }).await
}

/// Sets the clock of the server, for connections that are opened from now on.
pub(crate) async fn set_clock(url: &str, now: u64) {
    let place = Place::parse(url).unwrap();
    let database = Database::open(&place, &Migrations { feature: "tests", steps: &[] }).await.unwrap();
    let function = format!(
        "CREATE OR REPLACE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT to_timestamp({now})'"
    );
    for sql in [
        "CREATE SCHEMA IF NOT EXISTS clock",
        &function,
        "ALTER ROLE tester SET search_path = clock, public, pg_catalog",
    ] {
        database.execute(starttls_store::AssertSqlSafe(sql.to_owned()), &[]).await.unwrap();
    }
    database.close().await;
}
