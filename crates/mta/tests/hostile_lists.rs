//! Whatever stands in a list: every line that Postfix gets belongs to the closed grammar.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::fmt;

use proptest::prelude::*;
use starttls_mta::postfix::{FRAGMENT, Postfix, TABLE};
use starttls_mta::{Facts, LeafPins, Mta, Output};
use starttls_policy::decide::evidence::{DaneEvidence, StsEvidence};
use starttls_policy::decide::{Choices, Question};
use starttls_policy::merge::{Layer, Merged, Scope};
use starttls_policy::{List, Timestamp, decide, read};

#[derive(Default)]
struct Files(BTreeMap<String, String>);

impl Output for Files {
    fn append(&mut self, file: &str, text: &str) -> fmt::Result {
        self.0.entry(file.to_owned()).or_default().push_str(text);
        Ok(())
    }
}

/// Renders a list for a version, as the program does.
fn rendered(list: &List, version: &str, leaf_pins: LeafPins) -> BTreeMap<String, String> {
    let settings = [("smtp_tls_security_level", ""), ("smtp_tlsrpt_enable", "no")];
    let known =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let facts = Facts {
        version: Some(version.to_owned()),
        directory: "/etc/postfix/starttls/current".to_owned(),
        settings: known(&settings),
        leaf_pins,
        ..Facts::default()
    };
    let merged = Merged::new(vec![Layer { name: "list", list, scope: Scope::default() }]);
    let mut files = Files::default();
    let mut renderer = Postfix.renderer(&facts).unwrap();
    for entry in merged.iter() {
        let question = Question {
            domain: entry.domain,
            operator: None,
            dane: &DaneEvidence::NotAsked,
            sts: &StsEvidence::NotAsked,
            release: None,
            listed: Some(&entry),
            choices: Choices::default(),
            now: Timestamp::from_seconds(0).unwrap(),
        };
        renderer.decision(&decide(&question), &mut files).unwrap();
    }
    renderer.finish(&mut files).unwrap();
    files.0
}

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
        let Ok(list) = read::list(text.as_bytes()) else { return Ok(()) };
        for version in ["2.11", "3.5", "3.7.11", "3.10.3", "3.10.13", "3.11.7"] {
            for leaf_pins in [LeafPins::Ignore, LeafPins::Allow] {
                let files = rendered(&list, version, leaf_pins);
                for (file, text) in &files {
                    prop_assert_eq!(Postfix.check(file, text), Ok(()), "{} for {}:\n{}", file, version, text);
                }
                let table = &files[TABLE];
                let entries: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
                prop_assert!(entries.len() <= list.entries.len());
                for line in entries {
                    let (key, _) = line.split_once(' ').unwrap();
                    prop_assert!(list.entries.iter().any(|entry| entry.domain.as_str() == key), "{} is not listed", key);
                    let is_new = line.contains("policy_type") || line.contains("mx_host_pattern");
                    prop_assert!(!is_new || version == "3.10.13" || version == "3.11.7", "{} got {}", version, line);
                }
                prop_assert!(!files[FRAGMENT].contains(".example"), "no policy data may stand in main.cf");
            }
        }
    }
}

/// The property above must be able to fail: most lists it makes are read.
#[test]
fn lists_are_mostly_readable() {
    let good = r#"{"version": "1", "author": "A", "serial": 1, "timestamp": 0, "expires": 9999999999,
        "policies": {"a.example": {"mode": "enforce", "mx": ["mx.a.example"]}}}"#;
    let files = rendered(&read::list(good.as_bytes()).unwrap(), "3.10.13", LeafPins::Ignore);
    assert!(files[TABLE].contains("a.example secure match=mx.a.example"), "{}", files[TABLE]);
    let smuggled = files[TABLE].replace("mx.a.example ", "mx.a.example:hostname ");
    assert!(Postfix.check(TABLE, &smuggled).is_err(), "the grammar must not know keywords");
}
