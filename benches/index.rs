//! How fast a compiled list is looked up and made.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench index`; docs/benchmarks.md has the figures. `STARTTLS_BENCH_DOMAINS=10000000`
//! has one list of that many domains instead (which takes 3 GB of memory).
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a measurement that cannot start stops"
)]
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

#[path = "../crates/policy/examples/make_list/generate.rs"]
mod generate;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use starttls_policy::index::{Index, build};
use starttls_policy::{Domain, List, read};

/// Look-ups are made in random order; so many names are drawn beforehand.
const DRAWN: usize = 100_000;

fn counts() -> Vec<u64> {
    match std::env::var("STARTTLS_BENCH_DOMAINS") {
        Ok(count) => vec![count.parse().unwrap()],
        Err(_) => vec![100_000, 1_000_000],
    }
}

fn made(count: u64) -> List {
    let mut bytes = Vec::new();
    generate::list(count, 1, &mut bytes).unwrap();
    read::list(&bytes).unwrap()
}

/// Names of the list, and as many that are not on it, in an order that is none.
fn drawn(list: &List) -> (Vec<Domain>, Vec<Domain>) {
    let step = 0x9e37_79b9_7f4a_7c15_u64;
    let at = |number: usize| ((number as u64 + 1).wrapping_mul(step) % list.entries.len() as u64) as usize;
    let hits: Vec<Domain> = (0..DRAWN).map(|number| list.entries[at(number)].domain.clone()).collect();
    let misses = hits.iter().map(|domain| Domain::parse(&format!("not-{domain}")).unwrap()).collect();
    (hits, misses)
}

/// Nanoseconds that this thread has had a CPU for, where the system tells: what counts on a machine that is shared.
fn on_cpu() -> Option<u64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

fn looking_up(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("index");
    for count in counts() {
        let list = made(count);
        let bytes = build(&list, 1, [0; 32]).unwrap();
        let (hits, misses) = drawn(&list);
        drop(list);
        println!("{count} domains: {} bytes, {:.2} each", bytes.len(), bytes.len() as f64 / count as f64);
        let index = Index::parse(bytes).unwrap();
        for (what, names) in [("hit", &hits), ("miss", &misses)] {
            assert!(names.iter().all(|name| index.get(name).unwrap().is_some() == (what == "hit")));
            if let Some(before) = on_cpu() {
                for name in names {
                    let _ = black_box(index.get(name));
                }
                let taken = on_cpu().unwrap_or_default() - before;
                println!(
                    "index/{what}/{count}: {} ns of CPU each, however many wait for it",
                    taken / DRAWN as u64
                );
            }
            let mut next = names.iter().cycle();
            group.bench_function(BenchmarkId::new(what, count), |bencher| {
                bencher.iter(|| black_box(index.get(next.next().unwrap())).unwrap().is_some());
            });
        }
    }
    group.finish();
}

fn making(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("index");
    group.sample_size(10);
    for count in counts().into_iter().filter(|count| *count <= 1_000_000) {
        let list = made(count);
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::new("build", count), |bencher| {
            bencher.iter_with_large_drop(|| build(&list, 1, [0; 32]).unwrap());
        });
        let index = Index::parse(build(&list, 1, [0; 32]).unwrap()).unwrap();
        group.bench_function(BenchmarkId::new("walk", count), |bencher| {
            bencher.iter(|| index.iter().flatten().count());
        });
    }
    group.finish();
}

criterion_group!(benches, looking_up, making);
criterion_main!(benches);
