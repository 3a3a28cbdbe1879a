//! How fast lists are read, looked up, written and compared; `bare` is the yardstick, a plain serde parse of the same bytes.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench list`; docs/benchmarks.md has the figures.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a measurement that cannot start stops"
)]
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

#[path = "../crates/policy/examples/make_list/generate.rs"]
mod generate;

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde::Deserialize;
use starttls_policy::{Domain, List, diff, read, write};

const COUNTS: [u64; 2] = [100_000, 1_000_000];

/// A list of version 1 as serde reads it without any rule: what nobody can be faster than by much.
#[derive(Deserialize)]
#[expect(dead_code, reason = "only the parsing is measured")]
struct Bare {
    version: String,
    author: String,
    serial: u64,
    timestamp: String,
    expires: String,
    providers: BTreeMap<String, BarePolicy>,
    policies: BTreeMap<String, BarePolicy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(dead_code, reason = "only the parsing is measured")]
struct BarePolicy {
    provider: Option<String>,
    mode: Option<String>,
    mx: Option<Vec<String>>,
    require: Option<String>,
    min_tls_version: Option<String>,
    pinset: Option<String>,
    report_to: Option<Vec<String>>,
    since: Option<String>,
    evidence: Option<Vec<String>>,
}

fn made(count: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    generate::list(count, 1, &mut bytes).unwrap();
    bytes
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    group.sample_size(10);
    for count in COUNTS {
        let bytes = made(count);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::new("bare", count), &bytes, |bencher, bytes| {
            bencher.iter_with_large_drop(|| serde_json::from_slice::<Bare>(bytes).unwrap());
        });
        group.bench_with_input(BenchmarkId::new("list", count), &bytes, |bencher, bytes| {
            bencher.iter_with_large_drop(|| read::list(bytes).unwrap());
        });
    }
    group.finish();
}

fn looking_up(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lookup");
    for count in COUNTS {
        let list = read::list(&made(count)).unwrap();
        let missing = Domain::parse("not-on-the-list.example").unwrap();
        let mut at = 0_usize;
        group.bench_function(BenchmarkId::new("hit", count), |bencher| {
            bencher.iter(|| {
                at = (at + 7919) % list.entries.len();
                black_box(list.get(&list.entries[at].domain)).is_some()
            });
        });
        group.bench_function(BenchmarkId::new("miss", count), |bencher| {
            bencher.iter(|| black_box(list.get(black_box(&missing))).is_some());
        });
    }
    group.finish();
}

/// Takes text and counts it.
struct Sink(u64);

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len() as u64;
        Ok(())
    }
}

fn writing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write");
    group.sample_size(10);
    for count in COUNTS {
        let bytes = made(count);
        let list = read::list(&bytes).unwrap();
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::new("canonical", count), |bencher| {
            bencher.iter(|| {
                let mut sink = Sink(0);
                write::one(&list, &mut sink).unwrap();
                sink.0
            });
        });
    }
    group.finish();
}

/// The next issue of a list: one entry in a hundred altered, one in a thousand gone, a provider changed.
fn next_issue(list: &List) -> List {
    let mut next = list.clone();
    next.head.serial += 1;
    let mut at = 0;
    next.entries.retain(|_| {
        at += 1;
        at % 1000 != 0
    });
    for entry in next.entries.iter_mut().step_by(100) {
        let notes = entry.notes.get_or_insert_default();
        notes.evidence.push("https://example.org/evidence".into());
    }
    next.aliases[7].policy.mode = starttls_policy::Mode::None;
    next
}

fn comparing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("diff");
    group.sample_size(10);
    for count in COUNTS {
        let old = read::list(&made(count)).unwrap();
        let new = next_issue(&old);
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::new("next_issue", count), |bencher| {
            bencher.iter(|| diff::between(&old, &new).entries.len());
        });
    }
    group.finish();
}

criterion_group!(benches, reading, looking_up, writing, comparing);
criterion_main!(benches);
