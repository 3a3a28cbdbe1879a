//! Every fuzz target is built, told of, and replayed: fuzz/README.md.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn stems(directory: &str) -> BTreeSet<String> {
    entries(&top().join(directory))
        .iter()
        .map(|path| path.file_stem().unwrap().display().to_string())
        .collect()
}

/// What stands between `before` and the next `after`, wherever `before` occurs.
fn between<'a>(text: &'a str, before: &'a str, after: &'a str) -> impl Iterator<Item = String> + 'a {
    text.split(before).skip(1).filter_map(move |rest| rest.split_once(after)).map(|(name, _)| name.to_owned())
}

#[test]
fn are_built_told_of_and_have_a_corpus() {
    let targets = stems("fuzz/fuzz_targets");
    let read = |name: &str| fs::read_to_string(top().join("fuzz").join(name)).unwrap();
    assert_eq!(between(&read("Cargo.toml"), "[[bin]]\nname = \"", "\"").collect::<BTreeSet<_>>(), targets);
    assert_eq!(between(&read("README.md"), "\n| `", "` |").collect::<BTreeSet<_>>(), targets);
    assert_eq!(stems("fuzz/corpus"), targets);
}

#[test]
fn are_replayed_by_ordinary_tests() {
    let tests = entries(&top().join("crates")).into_iter().map(|name| name.join("tests"));
    let files = tests.filter(|tests| tests.is_dir()).flat_map(|tests| entries(&tests));
    let replayed: BTreeSet<_> = files
        .filter(|file| file.is_file())
        .map(|file| fs::read_to_string(file).unwrap())
        .flat_map(|text| {
            between(&text, "#[path = \"../../../fuzz/fuzz_targets/", ".rs\"]").collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(replayed, stems("fuzz/fuzz_targets"));
}
