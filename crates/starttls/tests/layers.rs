//! The layers hold: arrows between crates point down only, and the lowest stay pure.
//!
//! The picture is in ARCHITECTURE.md.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Every crate of ours with its layer; a new one is added here.
const LAYERS: [(&str, u8); 14] = [
    ("starttls-policy", 0),
    ("starttls-mta", 10),
    ("starttls-openpgp", 10),
    ("starttls-proto", 10),
    ("starttls-trust", 10),
    ("starttls-host", 15),
    ("starttls-net", 20),
    ("starttls-store", 20),
    ("starttls-apply", 22),
    ("starttls-discover", 22),
    ("starttls-sources", 22),
    ("starttls-daemon", 30),
    ("starttls-publish", 30),
    ("starttls", 40),
];

/// Crates for tests alone: nothing else may depend on them, except in tests.
const FOR_TESTS: [&str; 2] = ["starttls-testkit", "starttls-e2e"];

/// Its library of signatures brings chance along, for making them; it is used for verifying alone.
const MAY_KNOW_CHANCE: [&str; 1] = ["starttls-openpgp"];

/// What must not be anywhere below a crate under layer 20: tasks, logs, chance.
const IMPURE: [&str; 4] = ["tokio", "tracing", "rand", "getrandom"];

/// Normal dependencies by package name, all of the workspace's closure.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: BTreeMap<&str, &str> =
        list(&metadata["packages"]).map(|p| (text(&p["id"]), text(&p["name"]))).collect();
    let is_normal = |dep: &&Value| list(&dep["dep_kinds"]).any(|kind| kind["kind"].is_null());
    list(&metadata["resolve"]["nodes"])
        .map(|node| {
            let below = list(&node["deps"]).filter(is_normal).map(|dep| names[text(&dep["pkg"])].to_owned());
            (names[text(&node["id"])].to_owned(), below.collect())
        })
        .collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Everything below a crate when it is built alone; together, one crate's features would count as another's.
fn closure(name: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--package", name, "--edges", "normal", "--prefix", "none", "--format", "{lib}"])
        .args(["--offline", "--target", "x86_64-unknown-linux-gnu"])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn arrows_point_down_only() {
    let all = dependencies();
    let layer = |name: &str| LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer);
    for (name, below) in all.iter().filter(|(name, _)| name.starts_with("starttls")) {
        if FOR_TESTS.contains(&name.as_str()) {
            continue;
        }
        let own = layer(name).unwrap_or_else(|| panic!("{name} has no layer yet; add it to LAYERS"));
        for other in below.iter().filter(|other| other.starts_with("starttls")) {
            assert!(layer(other).is_some_and(|theirs| theirs < own), "{name} may not depend on {other}");
        }
    }
}

#[test]
fn crates_below_layer_2_know_no_tasks_no_logs_and_no_chance() {
    for (name, _) in LAYERS.iter().filter(|(name, layer)| *layer < 20 && !MAY_KNOW_CHANCE.contains(name)) {
        let below = closure(name);
        for impure in IMPURE {
            assert!(!below.contains(impure), "{name} depends on {impure}");
        }
    }
}

#[test]
fn pure_crates_are_built_without_std() {
    for name in ["policy", "mta", "proto", "trust"] {
        let file = format!("{}/../{name}/src/lib.rs", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("#![cfg_attr(not(test), no_std)]"), "{file} must refuse std");
    }
}
