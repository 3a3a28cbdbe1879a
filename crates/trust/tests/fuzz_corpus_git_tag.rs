//! Replays the fuzz corpus of git tags, so that what a fuzzer found once is tested everywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what the fuzz target asserts")]
#![allow(unexpected_cfgs, reason = "cargo-fuzz alone sets `fuzzing`")]

#[path = "../../../fuzz/fuzz_targets/git_tag.rs"]
mod git_tag;

use std::path::Path;

#[test]
fn git_tag_keeps_its_promises() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/git_tag");
    let mut files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|file| file.unwrap().path()).collect();
    // Whatever a fuzzer collected on this machine is named by its hash; the named files are what is tested everywhere.
    files.retain(|file| file.file_name().is_some_and(|name| name.len() != 40));
    files.sort();
    assert!(files.len() >= 6, "the corpus is gone");
    for file in files {
        println!("{}", file.display());
        let bytes = std::fs::read(&file).unwrap();
        (0..=bytes.len()).for_each(|end| git_tag::check(&bytes[..end]));
    }
}
