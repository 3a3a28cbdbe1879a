//! Outages of the shared store: how soon a node notices, what it logs, and when it is back.

use std::time::Duration;

use starttls_daemon::learned::{Learned, SharedState};
use starttls_store::{AssertSqlSafe, Database};
use starttls_testkit::postgres::Postgres;

use crate::log::Log;
use crate::support::{NOW, at, domain, node, shared, until_down, until_up};

/// Longest time until an idle node notices that its connections are gone, or that a repaired database answers; with some slack.
const SOON: Duration = Duration::from_secs(15);

/// A node that connects as a user of its own, whom an administrator may lock out; and that administrator.
async fn node_and_administrator(dir: &std::path::Path, server: &Postgres) -> (Learned, Database) {
    let administrator = shared(server).await;
    for sql in [
        "CREATE ROLE app LOGIN",
        "GRANT CREATE ON SCHEMA public TO app",
        "GRANT ALL ON starttls_schema TO app",
    ] {
        administrator.execute(sql, &[]).await.unwrap();
    }
    let node = node(&dir.join("1.sqlite"), "one", &server.url().replace("tester@", "app@")).await;
    until_up(&node).await;
    // Both readers are connected, not only the first.
    let count = "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = 'app'";
    let connected = async {
        while administrator.rows(count, &[]).await.unwrap()[0].integer(0).unwrap() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, connected).await.unwrap();
    (node, administrator)
}

/// Runs a statement as an administrator, and then ends all connections of the node.
async fn lock_out(administrator: &Database, sql: &'static str) {
    administrator.execute(AssertSqlSafe(sql.to_owned()), &[]).await.unwrap();
    end_connections(administrator).await;
}

async fn end_connections(administrator: &Database) {
    let sql = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE usename = 'app'";
    administrator.rows(sql, &[]).await.unwrap();
}

async fn until_cause(node: &Learned, words: &str) {
    let waiting = async {
        let mut state = node.shared_state();
        while !matches!(&state, SharedState::Down { words: cause } if cause.contains(words)) {
            state = node.shared_state_after(&state).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap();
}

#[tokio::test]
async fn fault_an_idle_node_without_a_usable_connection_is_down_within_seconds() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (node, administrator) = node_and_administrator(dir.path(), &server).await;
    lock_out(&administrator, "ALTER ROLE app NOLOGIN").await;
    tokio::time::timeout(SOON, until_down(&node)).await.expect("noticed although nobody asks");
    node.close().await;
    administrator.close().await;
}

#[tokio::test]
async fn fault_each_cause_of_a_lasting_outage_is_logged_once() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (log, _guard) = Log::begin();
    let (node, administrator) = node_and_administrator(dir.path(), &server).await;
    lock_out(&administrator, "ALTER ROLE app NOLOGIN").await;
    node.recall(&domain("example.org"), at(NOW)).await;
    until_cause(&node, "not permitted to log in").await;
    // Refused again for the same cause, which is not news.
    let refused = node.shared_troubles().refused_connections;
    let again = async {
        while node.shared_troubles().refused_connections < refused + 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), again).await.unwrap();
    assert_eq!(log.with("not permitted to log in").len(), 1, "{:?}", log.with(""));
    administrator.execute("ALTER ROLE app LOGIN CONNECTION LIMIT 0", &[]).await.unwrap();
    until_cause(&node, "too many connections").await;
    assert_eq!(log.with("too many connections").len(), 1, "{:?}", log.with(""));
    assert_eq!(node.shared_troubles().losses, 1);
    assert_eq!(log.with("is lost").len(), 1, "{:?}", log.with(""));
    node.close().await;
    administrator.close().await;
}

#[tokio::test]
async fn fault_a_node_is_back_within_seconds_once_a_table_is_repaired() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (node, administrator) = node_and_administrator(dir.path(), &server).await;
    administrator.execute("ALTER TABLE learned_policies RENAME COLUMN max_age TO gone", &[]).await.unwrap();
    node.recall(&domain("example.org"), at(NOW)).await;
    until_down(&node).await;
    administrator.execute("ALTER TABLE learned_policies RENAME COLUMN gone TO max_age", &[]).await.unwrap();
    tokio::time::timeout(SOON, until_up(&node)).await.expect("tried again although nobody asks");
    node.close().await;
    administrator.close().await;
}

#[tokio::test]
async fn fault_a_new_connection_over_which_nothing_can_be_read_does_not_count_as_reached() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let (node, administrator) = node_and_administrator(dir.path(), &server).await;
    administrator.execute("ALTER TABLE learned_policies RENAME COLUMN max_age TO gone", &[]).await.unwrap();
    node.recall(&domain("example.org"), at(NOW)).await;
    until_down(&node).await;
    let states = node.clone();
    let watching = tokio::spawn(async move {
        let mut state = states.shared_state();
        while state != SharedState::Up {
            state = states.shared_state_after(&state).await;
        }
    });
    // The connections are opened anew, and as useless as before.
    end_connections(&administrator).await;
    let count =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = 'app' AND query LIKE '%learned_policies%'";
    let opened = async {
        while administrator.rows(count, &[]).await.unwrap()[0].integer(0).unwrap() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, opened).await.expect("opened anew");
    assert!(!watching.is_finished(), "it was never reached");
    watching.abort();
    node.close().await;
    administrator.close().await;
}
