//! Busy nodes neither lock one another out nor lose the store that they share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use starttls_daemon::learned::{Learned, SharedState};
use starttls_policy::Mode;
use starttls_policy::decide::evidence::{ReleasingMode, StsRelease};
use starttls_testkit::postgres::Postgres;

use crate::support::{NOW, at, domain, node, policy, set_clock, until_up};

/// Clients of each node.
const CLIENTS: u64 = 64;

/// Work of the clients of one node.
struct Work {
    /// Names that every node learns.
    names: u64,
    /// How often each of them is learnt.
    rounds: u64,
}

/// Counts how often a node loses the shared store, until it is dropped.
fn count_losses(node: &Learned) -> (tokio::task::JoinHandle<()>, Arc<std::sync::atomic::AtomicU64>) {
    let losses = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let (counted, node) = (Arc::clone(&losses), node.clone());
    let watching = tokio::spawn(async move {
        let mut state = node.shared_state();
        loop {
            state = node.shared_state_after(&state).await;
            if matches!(state, SharedState::Down { .. }) {
                eprintln!("lost: {state:?}");
                counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    });
    (watching, losses)
}

/// Every client learns its share of the names again and again: all that a look-up may keep.
async fn learn(node: &Learned, work: &Work) {
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let (node, names, rounds) = (node.clone(), work.names, work.rounds);
        clients.spawn(async move {
            for round in 0..rounds {
                let time = at(NOW + round);
                for one in (client..names).step_by(usize::try_from(CLIENTS).unwrap()) {
                    let name = domain(&format!("{one}.busy.example"));
                    node.recall(&name, time).await;
                    node.keep_dane(&name, at(NOW + 3_600 + round));
                    node.keep_release(&name, StsRelease { mode: ReleasingMode::Testing, at: time });
                    node.keep_policy(&name, &policy(Mode::Enforce, NOW + round));
                }
            }
        });
    }
    while let Some(done) = clients.join_next().await {
        done.unwrap();
    }
}

/// Three nodes learn the same names at the same time; tells how often each lost the store.
async fn three_busy_nodes(url: &str, dir: &std::path::Path, work: Work) -> [u64; 3] {
    set_clock(url, NOW).await;
    let work = Arc::new(work);
    let mut nodes = Vec::new();
    for name in ["one", "two", "three"] {
        let node = node(&dir.join(format!("{name}.sqlite")), name, url).await;
        until_up(&node).await;
        nodes.push(node);
    }
    let watched: Vec<_> = nodes.iter().map(count_losses).collect();
    let busy = nodes.iter().map(|node| {
        let (node, work) = (node.clone(), Arc::clone(&work));
        tokio::spawn(async move { learn(&node, &work).await })
    });
    for done in busy.collect::<Vec<_>>() {
        done.await.unwrap();
    }
    let mut losses = [0; 3];
    for ((node, (watching, counted)), losses) in nodes.into_iter().zip(watched).zip(&mut losses) {
        node.flush_shared().await;
        assert_eq!(node.shared_state(), SharedState::Up);
        watching.abort();
        *losses = counted.load(std::sync::atomic::Ordering::Relaxed);
        node.close().await;
    }
    losses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_three_busy_nodes_never_lose_the_shared_store() {
    let Some(server) = Postgres::start().unwrap() else { return };
    let dir = tempfile::tempdir().unwrap();
    let losses = three_busy_nodes(&server.url(), dir.path(), Work { names: 600, rounds: 4 }).await;
    assert_eq!(losses, [0, 0, 0]);
}

/// The long form of the test above: 5,000 new names at a time for a minute.
mod slow {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "slow: run `./test slow`"]
    async fn three_nodes_of_64_clients_learn_5000_names_again_and_again_for_a_minute() {
        let Some(server) = Postgres::start().unwrap() else { return };
        let (began, mut losses) = (Instant::now(), [0; 3]);
        while began.elapsed() < Duration::from_mins(1) {
            let dir = tempfile::tempdir().unwrap();
            let some = three_busy_nodes(&server.url(), dir.path(), Work { names: 5_000, rounds: 3 }).await;
            losses.iter_mut().zip(some).for_each(|(sum, some)| *sum += some);
        }
        assert_eq!(losses, [0, 0, 0]);
    }
}
