//! Replays the fuzz corpus, so that what a fuzzer found once is tested everywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what the fuzz target asserts")]
#![allow(unexpected_cfgs, reason = "cargo-fuzz alone sets `fuzzing`")]

#[path = "../../../fuzz/fuzz_targets/index_read.rs"]
mod index_read;
#[path = "../../../fuzz/fuzz_targets/list_read.rs"]
mod list_read;

use std::path::Path;

/// Checks the corpus of a target, and each file cut off in about a hundred places.
fn replay(target: &str, least: usize, check: impl Fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|file| file.unwrap().path()).collect();
    // Whatever a fuzzer collected on this machine is named by its hash; the named files are what is tested everywhere.
    files.retain(|file| file.file_name().is_some_and(|name| name.len() != 40));
    files.sort();
    assert!(files.len() >= least, "the corpus is gone");
    for file in files {
        println!("{}", file.display());
        let bytes = std::fs::read(&file).unwrap();
        check(&bytes);
        let step = 1 + bytes.len() / 100;
        (0..bytes.len()).step_by(step).for_each(|end| check(&bytes[..end]));
    }
}

#[test]
fn index_read_keeps_its_promises() {
    replay("index_read", 4, index_read::check);
}

#[test]
fn list_read_keeps_its_promises() {
    replay("list_read", 15, list_read::check);
}
