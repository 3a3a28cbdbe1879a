//! What distance costs: three nodes at once, each as far away. `docs/benchmarks.md` has the command and the numbers.

use std::time::{Duration, Instant};

use starttls_daemon::learned::{Learned, Reach};
use starttls_policy::Mode;
use starttls_testkit::delay::DelayLine;
use starttls_testkit::postgres::Postgres;
use tokio::task::JoinSet;

use crate::support::{NOW, at, domain, node, policy, set_clock, until_up};

const CLIENTS: usize = 64;

/// Look-ups of one client, one after the other.
const ROUNDS: usize = 40;

/// Policies that each node learns.
const LEARNT: usize = 1_000;

/// Look-ups of one node by its clients at once: how long each took, in order, and how many were answered by the database.
async fn look_ups(node: &Learned) -> (Vec<Duration>, usize) {
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let node = node.clone();
        clients.spawn(async move {
            let mut took = Vec::with_capacity(ROUNDS);
            for round in 0..ROUNDS {
                let name = domain(&format!("{client}.{round}.new.example"));
                let began = Instant::now();
                let reach = node.recall(&name, at(NOW)).await.reach;
                took.push((began.elapsed(), reach == Reach::Complete));
            }
            took
        });
    }
    let all: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    let answered = all.iter().filter(|(_, is_answered)| *is_answered).count();
    let mut times: Vec<_> = all.into_iter().map(|(time, _)| time).collect();
    times.sort_unstable();
    (times, answered)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures, and takes a minute"]
async fn three_nodes_near_and_far() {
    let Some(server) = Postgres::start().unwrap() else { return };
    set_clock(&server.url(), NOW).await;
    println!("\nround trip | median | 99 % | answered by the database | {LEARNT} policies written | losses");
    for milliseconds in [0, 10, 50, 100, 150, 200] {
        let dir = tempfile::tempdir().unwrap();
        let mut nodes = Vec::new();
        for name in ["one", "two", "three"] {
            let line = DelayLine::start(server.socket(), Duration::from_millis(milliseconds)).unwrap();
            let url = format!("postgres://tester@{}/postgres", line.address());
            let learned = node(&dir.path().join(name), name, &url).await;
            until_up(&learned).await;
            nodes.push((learned, line));
        }
        let mut asked = JoinSet::new();
        for (learned, _) in &nodes {
            let learned = learned.clone();
            asked.spawn(async move { look_ups(&learned).await });
        }
        let (mut times, mut answered) = (Vec::new(), 0);
        for (some, number) in asked.join_all().await {
            times.extend(some);
            answered += number;
        }
        times.sort_unstable();
        let began = Instant::now();
        for (index, (learned, _)) in nodes.iter().enumerate() {
            for one in 0..LEARNT {
                let name = domain(&format!("{one}.{index}.at{milliseconds}.example"));
                learned.keep_policy(&name, &policy(Mode::Enforce, NOW));
            }
        }
        for (learned, _) in &nodes {
            learned.flush_shared().await;
        }
        let written = began.elapsed();
        let losses: u64 = nodes.iter().map(|(learned, _)| learned.shared_troubles().losses).sum();
        println!(
            "{milliseconds} ms | {:.1?} | {:.1?} | {} % | {written:.2?} | {losses}",
            times[times.len() / 2],
            times[times.len() * 99 / 100],
            100 * answered / times.len(),
        );
        for (learned, _) in nodes {
            learned.close().await;
        }
    }
}
