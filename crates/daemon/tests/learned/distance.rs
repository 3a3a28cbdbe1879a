//! A shared store that is far away, full, or only to be read is used as far as it goes, and the true cause is told.

use std::time::Duration;

use starttls_daemon::learned::{Reach, SharedState};
use starttls_policy::Mode;
use starttls_testkit::delay::DelayLine;
use starttls_testkit::postgres::Postgres;

use crate::support::{NOW, at, domain, node, policy, until_down, until_up};

/// Look-ups of one node at the same time.
const CLIENTS: usize = 64;

fn far(line: &DelayLine) -> String {
    format!("postgres://tester@{}/postgres", line.address())
}

#[tokio::test]
async fn fault_a_database_50_ms_away_is_never_lost() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    for (number, milliseconds) in [10, 50].into_iter().enumerate() {
        let line = DelayLine::start(server.socket(), Duration::from_millis(milliseconds)).unwrap();
        let far = node(&dir.path().join(format!("{number}.sqlite")), "far", &far(&line)).await;
        until_up(&far).await;
        for round in 0..5 {
            let asked: Vec<_> = (0..CLIENTS)
                .map(|one| {
                    let far = far.clone();
                    let name = domain(&format!("{one}.round{round}.example"));
                    tokio::spawn(async move { far.recall(&name, at(NOW)).await.reach })
                })
                .collect();
            for reach in asked {
                assert_eq!(reach.await.unwrap(), Reach::Complete, "{milliseconds} ms, round {round}");
            }
            assert_eq!(far.shared_state(), SharedState::Up);
        }
        far.close().await;
    }
}

#[tokio::test]
async fn fault_a_database_that_takes_no_writes_is_read() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let first = node(&dir.path().join("1.sqlite"), "one", &server.url()).await;
    until_up(&first).await;
    let name = domain("example.org");
    first.keep_policy(&name, &policy(Mode::Enforce, NOW));
    first.flush_shared().await;
    first.close().await;
    let database = crate::support::shared(&server).await;
    database.execute("ALTER ROLE tester SET default_transaction_read_only = on", &[]).await.unwrap();
    database.close().await;

    let second = node(&dir.path().join("2.sqlite"), "two", &server.url()).await;
    until_up(&second).await;
    second.keep_policy(&domain("other.example"), &policy(Mode::Enforce, NOW));
    second.flush_shared().await;
    for _ in 0..3 {
        let recall = second.recall(&name, at(NOW)).await;
        assert_eq!((recall.remembered.policy.is_some(), recall.reach), (true, Reach::Complete));
    }
    second.close().await;
}

#[tokio::test]
async fn fault_a_server_without_free_connections_says_so_itself() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let mut taken = Vec::new();
    while let Ok(database) = crate::support::try_shared(&server).await {
        // Each keeps a connection.
        database.rows("SELECT 1", &[]).await.unwrap();
        taken.push(database);
        assert!(taken.len() < 100);
    }
    let dir = tempfile::tempdir().unwrap();
    let late = node(&dir.path().join("1.sqlite"), "one", &server.url()).await;
    until_down(&late).await;
    let state = format!("{:?}", late.shared_state());
    assert!(state.contains("too many clients"), "{state}");
    late.close().await;
}
