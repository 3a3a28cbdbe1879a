//! The public vectors of docs/matching.md, each run through the reader of its dialect.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a vector that cannot be run is a failed test")]

use std::path::Path;

use serde_json::{Value, json};
use starttls_policy::read::{Fault, list};
use starttls_policy::{Domain, List, MxHost, MxPatternError, NameError};

fn vectors(section: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/matching-vectors.json");
    let all: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    all[section].as_array().unwrap().clone()
}

fn text<'v>(vector: &'v Value, member: &str) -> &'v str {
    vector[member].as_str().unwrap_or_else(|| panic!("{vector} has no {member}"))
}

/// The smallest list of a dialect with one entry and one pattern.
fn list_with(dialect: &str, domain: &str, pattern: &str) -> Result<List, Fault> {
    let policy = |mx: &str| json!({ domain: { "mode": "testing", mx: [pattern] } });
    let document = match dialect {
        "1" => json!({
            "version": "1", "author": "A", "serial": 1, "timestamp": 1, "expires": 2, "policies": policy("mx")
        }),
        "0.1" => json!({ "version": "0.1", "policy-aliases": {}, "policies": policy("mxs") }),
        "2014" => json!({
            "tls-policies": { pattern: { "enforce-mode": "log-only" } },
            "acceptable-mxs": { domain: { "accept-mx-domains": [pattern] } }
        }),
        other => panic!("no dialect {other}"),
    };
    list(document.to_string().as_bytes()).map_err(|error| error.fault)
}

fn kind(fault: &Fault) -> &'static str {
    match fault {
        Fault::Mx { cause: MxPatternError::PublicSuffix { .. }, .. } => "public-suffix",
        Fault::Mx { cause: MxPatternError::Star, .. } | Fault::NoStar { .. } => "star",
        Fault::Mx { cause: MxPatternError::Name(cause), .. } | Fault::Domain { cause, .. } => match cause {
            NameError::Character { .. } => "character",
            NameError::Empty => "empty",
            NameError::EmptyLabel => "empty-label",
            NameError::Hyphen => "hyphen",
            NameError::Idna => "idna",
            NameError::LabelTooLong { .. } => "label-too-long",
            NameError::SingleLabel => "single-label",
            NameError::TooLong { .. } => "too-long",
            NameError::TopLabel => "top-label",
            NameError::TrailingDot => "trailing-dot",
            other => panic!("no kind for {other:?}: add it to docs/matching.md"),
        },
        other => panic!("{other:?} is about no name"),
    }
}

#[test]
fn there_are_enough_of_them_in_every_dialect() {
    let patterns = vectors("patterns");
    assert!(patterns.len() >= 45);
    for dialect in ["1", "0.1", "2014"] {
        for covered in [true, false] {
            let found =
                patterns.iter().filter(|v| v["dialect"] == dialect && v["covered"] == covered).count();
            assert!(found >= 4, "{dialect} {covered}: {found}");
        }
    }
}

#[test]
fn patterns_cover_the_hosts_that_they_should() {
    for vector in vectors("patterns") {
        let list = list_with(text(&vector, "dialect"), "listed.example", text(&vector, "pattern"))
            .unwrap_or_else(|fault| panic!("{vector}: {fault}"));
        let host = MxHost::parse(text(&vector, "host")).unwrap();
        let policy = list.get(&Domain::parse("listed.example").unwrap()).unwrap().policy;
        assert_eq!(Value::Bool(policy.covers(&host)), vector["covered"], "{vector}");
    }
}

#[test]
fn patterns_that_must_be_refused_are() {
    for vector in vectors("refused") {
        let refused = list_with(text(&vector, "dialect"), "listed.example", text(&vector, "pattern"));
        let fault = refused.map(|_| ()).expect_err(text(&vector, "pattern"));
        assert_eq!(kind(&fault), text(&vector, "kind"), "{vector}");
    }
}

#[test]
fn entries_cover_their_domain_alone_in_every_dialect() {
    for vector in vectors("domains") {
        for dialect in ["1", "0.1", "2014"] {
            let list = list_with(dialect, text(&vector, "listed"), "mx.example.net").unwrap();
            let asked = Domain::parse(text(&vector, "asked")).unwrap();
            assert_eq!(Value::Bool(list.get(&asked).is_some()), vector["covered"], "{dialect}: {vector}");
        }
    }
}

#[test]
fn entries_that_must_be_refused_are_in_every_dialect() {
    for vector in vectors("refused-domains") {
        for dialect in ["1", "0.1", "2014"] {
            let refused = list_with(dialect, text(&vector, "domain"), "mx.example.net");
            let fault = refused.map(|_| ()).expect_err(text(&vector, "domain"));
            assert_eq!(kind(&fault), text(&vector, "kind"), "{dialect}: {vector}");
        }
    }
}
