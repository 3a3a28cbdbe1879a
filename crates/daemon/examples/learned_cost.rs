//! Measures what the memory costs: `cargo run --release -p starttls-daemon --example learned_cost [DOMAINS]`.
#![expect(clippy::unwrap_used, reason = "a measurement")]

use std::time::{Duration, Instant};

use starttls_daemon::learned::{DEFAULT_ROW_LIMIT, KeptPolicy, Learned, LearnedSettings, Learnt};
use starttls_policy::decide::evidence::StsPolicy;
use starttls_policy::{Domain, Mode, MxPattern, Timestamp};

/// The time at which it plays.
const NOW: u64 = 1_800_000_000;

/// Look-ups of one measurement.
const LOOK_UPS: u32 = 20_000;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

fn domain(number: usize) -> Domain {
    Domain::parse(&format!("domain-{number}.example{}.org", number % 97)).unwrap()
}

fn policy(number: usize) -> KeptPolicy {
    let mx =
        ["mx1", "mx2"].map(|host| MxPattern::parse(&format!("{host}.provider-{number}.example")).unwrap());
    let policy = StsPolicy {
        mode: Mode::Enforce,
        mx: mx.to_vec(),
        id: "20261122T000000".into(),
        fetched: at(NOW - number as u64 % 86_400),
        max_age: Duration::from_hours(7 * 24),
    };
    KeptPolicy { policy, confirmed: at(NOW), origin: Learnt::Here }
}

/// CPU time of this process, all threads.
fn cpu() -> Duration {
    let mut total = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let text = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap_or_default();
        total += text.split(' ').next().and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    }
    Duration::from_nanos(total)
}

fn cpu_since(before: Duration) -> Duration {
    cpu().saturating_sub(before)
}

/// Anonymous memory of this process in KiB.
fn anonymous() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn open(path: &std::path::Path) -> Learned {
    let settings = LearnedSettings {
        path: path.to_owned(),
        shared: None,
        node: "one".into(),
        row_limit: DEFAULT_ROW_LIMIT,
        settled_after: std::time::Duration::ZERO,
    };
    Learned::open(settings).await
}

async fn look_up(learned: &Learned, words: &str, name: impl Fn(u32) -> Domain) {
    let (cpu_before, began) = (cpu(), Instant::now());
    for number in 0..LOOK_UPS {
        std::hint::black_box(learned.recall(&name(number), at(NOW)).await);
    }
    let (wall, cpu) = (began.elapsed() / LOOK_UPS, (cpu_since(cpu_before)) / LOOK_UPS);
    println!("recall, {words}: {wall:.1?} wall, {cpu:.1?} CPU");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let domains: usize = std::env::args().nth(1).map_or(50_000, |number| number.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("learned.sqlite");
    let before = anonymous();
    let learned = open(&path).await;
    println!("anonymous memory, empty: {} KiB more than without", anonymous() - before);

    let (mut spent, mut wall, mut batches) = (Duration::ZERO, Duration::ZERO, 0);
    for start in (0..domains).step_by(1_000) {
        for number in start..(start + 1_000).min(domains) {
            learned.keep_policy(&domain(number), &policy(number));
        }
        let (cpu_before, began) = (cpu(), Instant::now());
        learned.flush().await;
        spent += cpu_since(cpu_before);
        wall += began.elapsed();
        batches += 1;
    }
    println!(
        "batch of 1,000 new policies: {:.1?} wall, {:.1?} CPU (mean of {batches})",
        wall / batches,
        spent / batches
    );
    let (cpu_before, began) = (cpu(), Instant::now());
    for number in 0..1_000 {
        let mut confirmed = policy(number);
        confirmed.confirmed = at(NOW + 60);
        learned.keep_policy(&domain(number), &confirmed);
    }
    learned.flush().await;
    println!("anonymous memory, after batches: {} KiB more than without", anonymous() - before);
    println!("batch of 1,000 confirmations: {:.1?} wall, {:.1?} CPU", began.elapsed(), cpu_since(cpu_before));
    learned.close().await;
    println!("file: {} KiB for {domains} domains", std::fs::metadata(&path).unwrap().len() / 1_024);

    let (cpu_before, before, began) = (cpu(), anonymous(), Instant::now());
    let learned = open(&path).await;
    let opened = began.elapsed();
    let first = learned.recall(&domain(7), at(NOW)).await;
    println!(
        "start: open after {opened:.1?}, first answer after {:.1?}, {:.1?} CPU",
        began.elapsed(),
        cpu_since(cpu_before)
    );
    assert!(first.remembered.policy.is_some());
    look_up(&learned, "known", |number| domain(number as usize * 7 % domains)).await;
    look_up(&learned, "unknown", |number| Domain::parse(&format!("unknown-{number}.example")).unwrap()).await;
    let began = Instant::now();
    let counts = learned.counts(at(NOW)).await;
    println!("counts: {:.1?} {counts:?}", began.elapsed());
    let began = Instant::now();
    let due = learned.due(at(NOW - 60), at(NOW + 600_000), 100).await;
    println!("due: {:.1?} for {}", began.elapsed(), due.len());
    println!("anonymous memory, after look-ups: {} KiB more than before the start", anonymous() - before);
    learned.close().await;
}
