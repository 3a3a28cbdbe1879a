//! Replays the fuzz corpora, so that what a fuzzer found once is tested everywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what the fuzz targets assert")]
#![allow(unexpected_cfgs, reason = "cargo-fuzz alone sets `fuzzing`")]

#[path = "../../../fuzz/fuzz_targets/socketmap.rs"]
mod socketmap;
#[path = "../../../fuzz/fuzz_targets/sts_policy_file.rs"]
mod sts_policy_file;
#[path = "../../../fuzz/fuzz_targets/sts_record.rs"]
mod sts_record;
#[path = "../../../fuzz/fuzz_targets/tlsa.rs"]
mod tlsa;

use std::path::Path;

#[test]
fn socketmap_keeps_its_promises() {
    replay("socketmap", socketmap::check);
}

#[test]
fn sts_policy_file_keeps_its_promises() {
    replay("sts_policy_file", sts_policy_file::check);
}

#[test]
fn sts_record_keeps_its_promises() {
    replay("sts_record", sts_record::check);
}

#[test]
fn tlsa_keeps_its_promises() {
    replay("tlsa", tlsa::check);
}

fn replay(corpus: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(corpus);
    let mut files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|file| file.unwrap().path()).collect();
    // Whatever a fuzzer collected on this machine is named by its hash; the named files are what is tested everywhere.
    files.retain(|file| file.file_name().is_some_and(|name| name.len() != 40));
    files.sort();
    assert!(files.len() >= 5, "the corpus is gone");
    for file in files {
        println!("{}", file.display());
        let bytes = std::fs::read(&file).unwrap();
        check(&bytes);
        // And cut off, or with one bit another, everywhere.
        for place in 0..bytes.len() {
            check(&bytes[..place]);
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[place] ^= 1 << bit;
                check(&changed);
            }
        }
    }
}
