//! Arbitrary lists for property tests.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Alias, Dialect, Entry, Extensions, Head, List, Notes, Terms};
use crate::{
    Date, Domain, Label, Mode, MxPattern, Pin, PinKind, Pinset, Policy, ReportTo, Requirement, Spki,
    Timestamp, TlsVersion,
};

const KEYS: [&str; 2] = [
    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
    "MCowBQYDK2VwAyEAO2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=",
];

/// Lists as the reader of version 1 makes them.
pub(crate) fn lists() -> impl Strategy<Value = List> {
    lists_over(name().boxed(), label().boxed())
}

/// Lists of so few names that two of them have most in common.
pub(crate) fn similar_lists() -> impl Strategy<Value = List> {
    let label = "[a-c]".prop_map(|text: String| Label::parse(&text).unwrap());
    lists_over("[a-f]\\.example".boxed(), label.boxed())
}

fn lists_over(name: BoxedStrategy<String>, label: BoxedStrategy<Label>) -> impl Strategy<Value = List> {
    (pinsets(label.clone()), head(), prop::collection::btree_map("[a-zA-Z0-9._-]{1,64}", extensions(), 0..2))
        .prop_flat_map(move |(pinsets, head, noted)| {
            let owned: Vec<Arc<Pinset>> = pinsets.values().cloned().collect();
            let aliases = prop::collection::btree_map(label.clone(), (policy(owned.clone()), notes()), 0..4);
            let entries = prop::collection::btree_map(name.clone(), (entry_terms(owned), notes()), 0..12);
            (Just(pinsets), Just(head), Just(noted), aliases, entries)
        })
        .prop_map(|(pinsets, head, noted, aliases, entries)| {
            let noted = noted.into_values().zip(pinsets.keys().cloned());
            let pinset_extensions =
                noted.filter(|(members, _)| !members.is_empty()).map(|(members, name)| (name, members));
            let aliases: Vec<Alias> =
                aliases.into_iter().map(|(name, (policy, notes))| Alias { name, policy, notes }).collect();
            let count = aliases.len();
            let mut met = BTreeSet::new();
            let mut entries: Vec<Entry> = entries
                .into_iter()
                .filter_map(|(name, (terms, notes))| {
                    let domain = Domain::parse(&name).ok().filter(|domain| met.insert(domain.clone()))?;
                    let terms = match terms {
                        Ok(policy) => Terms::Own(Box::new(policy)),
                        Err(index) => Terms::Alias(u32::try_from(index.checked_rem(count)?).unwrap()),
                    };
                    let boxed = (notes != Notes::default()).then(|| Box::new(notes));
                    Some(Entry { domain, terms, notes: boxed })
                })
                .collect();
            entries.sort_by(|one, next| one.domain.cmp(&next.domain));
            let pinset_extensions = pinset_extensions.collect();
            List { head, pinsets, pinset_extensions, aliases, entries, findings: Vec::new() }
        })
}

fn head() -> impl Strategy<Value = Head> {
    let author = "\\PC{1,40}".prop_filter("blank", |text: &String| {
        !text.trim().is_empty() && text.chars().all(crate::name::is_printable)
    });
    let last = Timestamp::MAX.seconds();
    (author, any::<u64>(), 0..last, 1..=last, extensions()).prop_map(
        move |(author, serial, from, long, extensions)| Head {
            dialect: Dialect::One,
            author: Some(author),
            serial,
            timestamp: Some(Timestamp::from_seconds(from).unwrap()),
            expires: Some(Timestamp::from_seconds(from.saturating_add(long).min(last)).unwrap()),
            extensions,
        },
    )
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?\\.[a-z]{2,6}",
        "[a-z]{1,3}\\.[a-z]{1,3}\\.example",
        Just("bücher.example".to_string()),
        Just("xn--e1afmkfd.xn--p1ai".to_string()),
        Just("3com.com".to_string()),
    ]
    .prop_filter("no name", |text: &String| Domain::parse(text).is_ok())
}

fn label() -> impl Strategy<Value = Label> {
    "[A-Za-z0-9._-]{1,64}".prop_map(|text: String| Label::parse(&text).unwrap())
}

fn patterns() -> impl Strategy<Value = Vec<MxPattern>> {
    let pattern = (prop_oneof![Just(""), Just("*."), Just(".")], name())
        .prop_filter_map("no pattern", |(prefix, name)| {
            MxPattern::parse(&std::format!("{prefix}{name}")).ok()
        });
    prop::collection::hash_set(pattern, 1..6).prop_map(|set| set.into_iter().collect())
}

fn pinsets(label: BoxedStrategy<Label>) -> impl Strategy<Value = BTreeMap<Label, Arc<Pinset>>> {
    let hashes = prop::collection::btree_set(any::<[u8; 32]>().prop_map(Pin::Sha256), 2..4);
    let bad = prop::collection::btree_set(any::<[u8; 32]>().prop_map(Pin::Sha256), 0..2);
    let keys = prop::sample::subsequence(KEYS.to_vec(), 0..=2);
    let kind = prop_oneof![Just(PinKind::TrustAnchor), Just(PinKind::Leaf)];
    let pinset = (kind, keys, hashes, bad).prop_map(|(kind, keys, hashes, bad)| {
        let keys = keys.into_iter().map(|key| Pin::Key(Spki::parse(key).unwrap()));
        (kind, keys.chain(hashes).collect::<Vec<_>>(), bad.into_iter().collect::<Vec<_>>())
    });
    prop::collection::btree_map(label, pinset, 0..3).prop_map(|sets| {
        let named = sets
            .into_iter()
            .map(|(name, (kind, pins, bad))| (name.clone(), Arc::new(Pinset::new(name, kind, pins, bad))));
        named.collect()
    })
}

fn policy(pinsets: Vec<Arc<Pinset>>) -> impl Strategy<Value = Policy> {
    let pinset = if pinsets.is_empty() {
        Just(None).boxed()
    } else {
        prop::option::of(prop::sample::select(pinsets)).boxed()
    };
    let address = "mailto:[a-z]{1,8}@[a-z]{1,8}\\.example|https://[a-z]{1,8}\\.example/[!-;=?-Z_a-z]{0,9}";
    let address = address.prop_filter_map("no address", |text: String| ReportTo::parse(&text).ok());
    (
        prop::sample::select(Mode::ALL.to_vec()),
        prop_oneof![3 => Just(Requirement::Certificate), 1 => Just(Requirement::Tls)],
        prop::option::weighted(0.3, prop::sample::select(TlsVersion::ALL.to_vec())),
        patterns(),
        pinset,
        prop::collection::vec(address, 0..2),
    )
        .prop_map(|(mode, requirement, min_tls, mx, pinset, report_to)| Policy {
            mode,
            requirement,
            min_tls,
            mx: mx.into(),
            pinset,
            report_to: report_to.into(),
        })
}

fn entry_terms(pinsets: Vec<Arc<Pinset>>) -> impl Strategy<Value = Result<Policy, usize>> {
    prop_oneof![policy(pinsets).prop_map(Ok), any::<usize>().prop_map(Err)]
}

fn notes() -> impl Strategy<Value = Notes> {
    let day =
        (0..Timestamp::MAX.seconds()).prop_map(|second| Timestamp::from_seconds(second).unwrap().date());
    let since: BoxedStrategy<Option<Date>> = prop::option::weighted(0.2, day).boxed();
    let evidence = prop::collection::vec("https://[a-z]{1,8}\\.example", 0..2);
    let full = (since, evidence, extensions()).prop_map(|(since, evidence, extensions)| Notes {
        since,
        evidence,
        extensions,
    });
    prop_oneof![2 => Just(Notes::default()), 1 => full]
}

fn extensions() -> impl Strategy<Value = Extensions> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(|float| json!(float)),
        any::<String>().prop_map(Value::from),
    ];
    let tree = value.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    let name = any::<String>().prop_map(|text| smol_str::SmolStr::from(std::format!("x-{text}")));
    prop_oneof![4 => Just(Extensions::new()), 1 => prop::collection::btree_map(name, tree, 1..3)]
}
