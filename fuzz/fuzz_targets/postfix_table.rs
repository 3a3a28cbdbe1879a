//! Any bytes, read as a policy list and rendered for every kind of Postfix: each line of a table and each answer to a server
//! that asks belongs to the closed grammar.
#![cfg_attr(fuzzing, no_main)]

use std::collections::BTreeMap;
use std::fmt;

use starttls_mta::postfix::socketmap::{self, Form, Socketmap, SocketmapFacts};
use starttls_mta::postfix::{Answer, FRAGMENT, Postfix, TABLE};
use starttls_mta::{Facts, LeafPins, Mta, Output};
use starttls_policy::decide::evidence::{DaneEvidence, StsEvidence};
use starttls_policy::decide::{Choices, Question};
use starttls_policy::merge::{Layer, Merged, Scope};
use starttls_policy::{Decision, List, Timestamp, decide, read};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

/// One of each kind: attributes came with 3.4, 3.6, 3.10; MX patterns are enforced from 3.10.5 on.
const VERSIONS: [&str; 6] = ["2.11", "3.5", "3.7.11", "3.10.3", "3.10.13", "3.11.7"];

/// Panics if anything but a TLS decision about a listed domain comes out.
pub(crate) fn check(bytes: &[u8]) {
    if let Ok(list) = read::list(bytes) {
        check_list(&list);
    }
}

/// The same for a list that was read.
pub(crate) fn check_list(list: &List) {
    for version in VERSIONS {
        for leaf_pins in [LeafPins::Ignore, LeafPins::Allow] {
            check_files(list, version, &rendered(list, version, leaf_pins));
        }
    }
    for leaf_pins in [LeafPins::Ignore, LeafPins::Allow] {
        let anchors_directory = Some("/var/lib/starttls".to_owned());
        let facts = SocketmapFacts { leaf_pins, anchors_directory, ..SocketmapFacts::default() };
        let socketmap = Socketmap::new(facts).expect("a good directory");
        each_decision(list, &mut |decision| check_answers(&socketmap, decision));
    }
}

fn check_answers(socketmap: &Socketmap, decision: &Decision<'_>) {
    for form in [Form::Plain, Form::Tlsrpt, Form::Sendmail] {
        let answered = socketmap.answer(decision, form, None);
        if let socketmap::Answer::Policy(text) = &answered.answer {
            let parsed = Answer::parse(text, decision.domain.as_str());
            assert!(parsed.is_ok(), "{form:?} got `{text}`: {parsed:?}");
            assert!(!text.contains("policy_type"), "a list is no MTA-STS: `{text}`");
        }
        if let Some(file) = &answered.anchor_file {
            assert_eq!(Postfix.check(&file.name, &file.text), Ok(()));
        }
    }
}

fn check_files(list: &List, version: &str, files: &BTreeMap<String, String>) {
    for (file, text) in files {
        assert_eq!(Postfix.check(file, text), Ok(()), "{file} for {version}:\n{text}");
    }
    let listed: Vec<&str> = list.entries.iter().map(|entry| entry.domain.as_str()).collect();
    let is_new = |line: &str| line.contains("policy_type") || line.contains("mx_host_pattern");
    let enforces_patterns = matches!(version, "3.10.13" | "3.11.7");
    for line in files[TABLE].lines().filter(|line| !line.starts_with('#')) {
        let key = line.split(' ').next().unwrap_or_default();
        assert!(listed.binary_search(&key).is_ok(), "`{key}` is not listed");
        assert!(enforces_patterns || !is_new(line), "{version} got `{line}`");
    }
    for name in &listed {
        // main.cf is expanded, so nothing of a list may stand there.
        assert!(!files[FRAGMENT].contains(name), "`{name}` stands in {FRAGMENT}");
    }
}

#[derive(Default)]
struct Files(BTreeMap<String, String>);

impl Output for Files {
    fn append(&mut self, file: &str, text: &str) -> fmt::Result {
        self.0.entry(file.to_owned()).or_default().push_str(text);
        Ok(())
    }
}

/// Renders a list for a version, as the program does.
pub(crate) fn rendered(list: &List, version: &str, leaf_pins: LeafPins) -> BTreeMap<String, String> {
    let known = [("smtp_tls_security_level", ""), ("smtp_tlsrpt_enable", "no")];
    let facts = Facts {
        version: Some(version.to_owned()),
        directory: "/etc/postfix/starttls/current".to_owned(),
        settings: known.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        leaf_pins,
        ..Facts::default()
    };
    let mut files = Files::default();
    let mut renderer = Postfix.renderer(&facts).expect("a version that is supported");
    each_decision(list, &mut |decision| renderer.decision(decision, &mut files).expect("memory takes all"));
    renderer.finish(&mut files).expect("memory takes all");
    files.0
}

fn each_decision(list: &List, see: &mut dyn FnMut(&Decision<'_>)) {
    let merged = Merged::new(vec![Layer { name: "list", list, scope: Scope::default() }]);
    for entry in merged.iter() {
        let entry = entry.expect("a list in memory is never damaged");
        let question = Question {
            domain: &entry.domain,
            operator: None,
            dane: &DaneEvidence::NotAsked,
            sts: &StsEvidence::NotAsked,
            release: None,
            elsewhere: None,
            listed: Some(&entry),
            choices: Choices::default(),
            now: Timestamp::from_seconds(0).expect("the first second"),
        };
        see(&decide(&question));
    }
}
