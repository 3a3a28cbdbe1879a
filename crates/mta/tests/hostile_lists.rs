//! Whatever stands in a list: every line that Postfix gets belongs to the closed grammar.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what the fuzz target asserts")]
#![allow(unexpected_cfgs, reason = "cargo-fuzz alone sets `fuzzing`")]

#[path = "../../../fuzz/fuzz_targets/postfix_table.rs"]
mod postfix_table;

use std::path::Path;

use proptest::prelude::*;
use starttls_mta::postfix::{Postfix, TABLE};
use starttls_mta::{LeafPins, Mta};
use starttls_policy::read;

/// Texts that try to be more than a name, and a few that are names.
fn text() -> impl Strategy<Value = String> {
    let hostile = [
        "a.example",
        "*.a.example",
        ".a.example",
        "b.example:hostname",
        "b.example,tafile=/etc/passwd",
        "hostname",
        "nexthop",
        "b.example protocols=<=TLSv1",
        "b.example\\n.com may",
        "b.example\\t may",
        "#b.example",
        "[b.example]",
        "{b.example}",
        "$b.example",
        "b.example|c.example",
        "b.example=",
        ".com",
        "*.com",
        "b..example",
        "-b.example",
        "bücher.example",
        "b.example\\u0000",
        "b.example\\u2028",
        "B.EXAMPLE",
        "xn--a.example",
        "192.0.2.1",
        "b.example.",
        "..",
        "*",
        "",
    ];
    prop_oneof![
        30 => "[a-z]{1,8}\\.(example|org|co\\.uk)",
        8 => "(\\*\\.|\\.)[a-z]{1,8}\\.(example|org)",
        1 => proptest::sample::select(hostile.to_vec()).prop_map(str::to_owned),
        1 => "[ -!#-\\[\\]-~]{0,20}",
    ]
}

fn entry() -> impl Strategy<Value = String> {
    let mode = proptest::sample::select(vec!["enforce", "enforce", "testing", "none"]);
    let require = proptest::sample::select(vec!["certificate", "certificate", "tls"]);
    let version = proptest::sample::select(vec!["TLSv1", "TLSv1.2", "TLSv1.3"]);
    let pinset = proptest::sample::select(vec!["", r#", "pinset": "leaf""#, r#", "pinset": "anchor""#]);
    (text(), mode, prop::collection::vec(text(), 1..4), require, version, pinset).prop_map(
        |(domain, mode, mx, require, version, pinset)| {
            let mx: Vec<String> = mx.iter().map(|mx| format!("\"{mx}\"")).collect();
            format!(
                r#""{domain}": {{"mode": "{mode}", "mx": [{}], "require": "{require}", "min-tls-version": "{version}"{pinset}}}"#,
                mx.join(", ")
            )
        },
    )
}

fn list_text() -> impl Strategy<Value = String> {
    prop::collection::vec(entry(), 1..5).prop_map(|entries| {
        let keys = r#""spki": ["MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=", "MCowBQYDK2VwAyEAO2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="]"#;
        format!(
            r#"{{"version": "1", "author": "A", "serial": 1, "timestamp": 0, "expires": 9999999999,
            "pinsets": {{"leaf": {{"kind": "leaf", {keys}}}, "anchor": {{"kind": "trust-anchor", {keys}}}}},
            "policies": {{{}}}}}"#,
            entries.join(", ")
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn emit_nothing_but_the_closed_grammar(text in list_text()) {
        postfix_table::check(text.as_bytes());
    }
}

/// The property above must be able to fail: most lists it makes are read.
#[test]
fn lists_are_mostly_readable() {
    let good = r#"{"version": "1", "author": "A", "serial": 1, "timestamp": 0, "expires": 9999999999,
        "policies": {"a.example": {"mode": "enforce", "mx": ["mx.a.example"]}}}"#;
    let files = postfix_table::rendered(&read::list(good.as_bytes()).unwrap(), "3.10.13", LeafPins::Ignore);
    assert!(files[TABLE].contains("a.example secure match=mx.a.example"), "{}", files[TABLE]);
    let smuggled = files[TABLE].replace("mx.a.example ", "mx.a.example:hostname ");
    assert!(Postfix.check(TABLE, &smuggled).is_err(), "the grammar must not know keywords");
}

/// What a fuzzer found once is tested everywhere.
#[test]
fn lists_of_the_fuzz_corpus_emit_nothing_else() {
    for corpus in ["list_read", "postfix_table"] {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(corpus);
        let mut files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        assert!(!files.is_empty(), "the corpus is gone");
        for file in files {
            println!("{}", file.display());
            postfix_table::check(&std::fs::read(&file).unwrap());
        }
    }
}
