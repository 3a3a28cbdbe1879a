//! Replays the fuzz corpus, so that what a fuzzer found once is tested everywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what the fuzz target asserts")]
#![allow(unexpected_cfgs, reason = "cargo-fuzz alone sets `fuzzing`")]

#[path = "../../../fuzz/fuzz_targets/list_read.rs"]
mod list_read;

use std::path::Path;

#[test]
fn list_read_keeps_its_promises() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/list_read");
    let mut files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|file| file.unwrap().path()).collect();
    // Whatever a fuzzer collected on this machine is named by its hash; the named files are what is tested everywhere.
    files.retain(|file| file.file_name().is_some_and(|name| name.len() != 40));
    files.sort();
    assert!(files.len() >= 15, "the corpus is gone");
    for file in files {
        println!("{}", file.display());
        let bytes = std::fs::read(&file).unwrap();
        list_read::check(&bytes);
        // And cut off in about a hundred places.
        let step = 1 + bytes.len() / 100;
        (0..bytes.len()).step_by(step).for_each(|end| list_read::check(&bytes[..end]));
    }
}
