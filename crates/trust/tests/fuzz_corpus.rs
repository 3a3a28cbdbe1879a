//! Replays the fuzz corpora, so that what a fuzzer found once is tested everywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what the fuzz targets assert")]
#![allow(unexpected_cfgs, reason = "cargo-fuzz alone sets `fuzzing`")]

#[path = "../../../fuzz/fuzz_targets/checkpoint.rs"]
mod checkpoint;
#[path = "../../../fuzz/fuzz_targets/git_tag.rs"]
mod git_tag;
#[path = "../../../fuzz/fuzz_targets/witness_request.rs"]
mod witness_request;

use std::path::Path;

#[test]
fn checkpoint_keeps_its_promises() {
    replay("checkpoint", checkpoint::check);
}

#[test]
fn git_tag_keeps_its_promises() {
    replay("git_tag", git_tag::check);
}

#[test]
fn witness_request_keeps_its_promises() {
    replay("witness_request", witness_request::check);
}

fn replay(corpus: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(corpus);
    let mut files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|file| file.unwrap().path()).collect();
    // Whatever a fuzzer collected on this machine is named by its hash; the named files are what is tested everywhere.
    files.retain(|file| file.file_name().is_some_and(|name| name.len() != 40));
    files.sort();
    assert!(files.len() >= 3, "the corpus is gone");
    for file in files {
        println!("{}", file.display());
        let bytes = std::fs::read(&file).unwrap();
        check(&bytes);
        // And cut off, or with one bit another, in about fifty places.
        for place in (0..bytes.len()).step_by(1 + bytes.len() / 50) {
            check(&bytes[..place]);
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            check(&changed);
        }
    }
}
