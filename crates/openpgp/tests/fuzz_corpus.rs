//! Replays the fuzz corpus and the folders of attacks, so that what a fuzzer found once is tested everywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what the fuzz target asserts")]
#![allow(unexpected_cfgs, reason = "cargo-fuzz alone sets `fuzzing`")]

#[path = "../../../fuzz/fuzz_targets/openpgp_message.rs"]
mod openpgp_message;

use std::path::{Path, PathBuf};

/// Places in which each file is cut off.
const CUTS: usize = 12;

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    // Whatever a fuzzer collected on this machine is named by its hash; the named files are what is tested everywhere.
    files.retain(|file| file.file_name().is_some_and(|name| name.len() != 40));
    files.sort();
    files
}

fn replay(file: &Path) {
    println!("{}", file.display());
    let bytes = std::fs::read(file).unwrap();
    openpgp_message::check(&bytes);
    let step = 1 + bytes.len() / CUTS;
    (0..bytes.len()).step_by(step).for_each(|end| openpgp_message::check(&bytes[..end]));
}

#[test]
fn openpgp_message_keeps_its_promises() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/openpgp_message");
    let files = files(&corpus);
    assert!(files.len() >= 8, "the corpus is gone");
    for file in files {
        replay(&file);
    }
}

#[test]
fn attacks_keep_its_promises() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let folders = files(&data).into_iter().filter(|path| path.is_dir());
    for folder in folders {
        for file in ["certificate", "signature", "message"].map(|name| folder.join(name)) {
            if file.exists() {
                openpgp_message::check(&std::fs::read(file).unwrap());
            }
        }
    }
}
