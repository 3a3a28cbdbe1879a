//! Round trips over arbitrary lists, the canonical bytes of one list, and what is refused.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::list::{Alias, Entry, Extensions, Head, Notes, Terms};
use crate::read;
use crate::{
    Date, Mode, MxPattern, Pin, PinKind, Pinset, Policy, ReportTo, Requirement, Spki, Timestamp, TlsVersion,
};

const KEYS: [&str; 2] = [
    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
    "MCowBQYDK2VwAyEAO2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=",
];

fn one_text(list: &List) -> Result<String, WriteError> {
    let mut text = String::new();
    one(list, &mut text).map(|()| text)
}

fn eff_text(list: &List) -> Result<(String, Vec<Loss>), WriteError> {
    let mut text = String::new();
    eff(list, &mut text).map(|losses| (text, losses))
}

fn read(text: &str) -> List {
    read::list(text.as_bytes()).unwrap_or_else(|error| panic!("{error} at {}: {text}", error.path))
}

const CANONICAL: &str = r#"{
  "version": "1",
  "author": "Émile \"the list\" \\ Sons",
  "serial": 42,
  "timestamp": "2026-11-20T00:00:00Z",
  "expires": "2026-12-20T00:00:00Z",
  "pinsets": {
    "leaves": {"kind": "leaf", "static_spki_hashes": ["sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "sha1/5R0zeLx7EWRxqw6HRlgCRxNLHDo="]},
    "roots": {"kind": "trust-anchor", "spki": ["MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=", "MCowBQYDK2VwAyEAO2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="], "x-who": "CA"}
  },
  "providers": {
    "big": {"mode": "enforce", "mx": ["*.mx.example.net", "a.mx.example.net"], "min-tls-version": "TLSv1.2", "since": "2026-01-02"}
  },
  "policies": {
    "a.example": {"provider": "big", "since": "2026-10-01", "x-ticket": {"a": [1, null, 0.1], "b": "\u0007"}},
    "b.example": {"mode": "testing", "mx": [".b.example"], "require": "tls", "pinset": "roots", "report-to": ["mailto:tls@b.example"], "evidence": ["https://b.example/e"]},
    "c.example": {"mode": "none"}
  },
  "x-note": {}
}
"#;

mod canonical_form {
    use super::*;

    #[test]
    fn is_kept_to_the_byte() {
        assert_eq!(one_text(&read(CANONICAL)).unwrap(), CANONICAL);
    }

    #[test]
    fn does_not_depend_on_how_the_list_was_written() {
        let mut shuffled = serde_json::from_str::<Value>(CANONICAL).unwrap().to_string();
        shuffled = shuffled
            .replace("a.example", "A.Example")
            .replace("2026-11-20T00:00:00Z", "2026-11-20T01:30:00.25+01:30");
        shuffled = shuffled.replacen('{', "{ // a comment\n", 1);
        assert_eq!(one_text(&read(&shuffled)).unwrap(), CANONICAL);
    }

    #[test]
    fn of_an_empty_list_has_policies_and_nothing_else() {
        let text = "{\n  \"version\": \"1\",\n  \"author\": \"A\",\n  \"serial\": 0,\n  \"timestamp\": \"1970-01-01T00:00:00Z\",\n  \"expires\": \"9999-12-30T22:00:00Z\",\n  \"policies\": {}\n}\n";
        assert_eq!(one_text(&read(text)).unwrap(), text);
    }
}

mod a_list_that_cannot_be_written {
    use super::*;

    const HEADLESS: &str = r#"{"tls-policies": {".mx.example": {"enforce-mode": "enforce"}},
        "acceptable-mxs": {"a.example": {"accept-mx-domains": [".mx.example"]}}}"#;

    #[test]
    fn lacks_a_head_and_is_told_so() {
        let names = vec!["author", "timestamp", "expires"];
        let list = super::read(HEADLESS);
        assert_eq!(one_text(&list), Err(WriteError::MissingHead { names: names.clone(), to: Dialect::One }));
        assert_eq!(eff_text(&list).unwrap_err(), WriteError::MissingHead { names, to: Dialect::Eff });
    }

    #[test]
    fn ends_before_it_begins() {
        let mut list = super::read(CANONICAL);
        list.head.expires = list.head.timestamp;
        assert_eq!(one_text(&list), Err(WriteError::EndsBeforeItBegins));
    }

    #[test]
    fn has_a_pinset_of_2014_without_backup() {
        let text = HEADLESS.replacen('{', r#"{"author": "A", "timestamp": 1, "expires": 2, "#, 1);
        let text = text.replace(
            r#""enforce-mode""#,
            r#""accept-spki-hashes": ["sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="], "enforce-mode""#,
        );
        let pinset = Label::parse("mx.example").unwrap();
        assert_eq!(one_text(&super::read(&text)), Err(WriteError::NoBackupPin { pinset, pins: 1 }));
    }

    #[test]
    fn was_put_together_wrongly() {
        let good = super::read(CANONICAL);
        let mut list = good.clone();
        list.entries.swap(0, 1);
        assert_eq!(one_text(&list), Err(WriteError::OutOfOrder { name: "a.example".into() }));
        let mut list = good.clone();
        list.aliases.clear();
        let domain = list.entries[0].domain.clone();
        assert_eq!(one_text(&list), Err(WriteError::UndefinedAlias { domain }));
        let mut list = good.clone();
        list.pinsets.clear();
        let pinset = Label::parse("roots").unwrap();
        assert_eq!(one_text(&list), Err(WriteError::UndefinedPinset { pinset, name: "b.example".into() }));
        let mut list = good;
        list.aliases[0].policy.mx = Box::default();
        assert_eq!(one_text(&list), Err(WriteError::NoMx { name: "big".into() }));
    }

    #[test]
    fn meets_an_output_that_is_full() {
        struct Full(usize);
        impl fmt::Write for Full {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
                Ok(())
            }
        }
        let list = super::read(CANONICAL);
        for room in 0..CANONICAL.len() {
            assert_eq!(one(&list, &mut Full(room)), Err(WriteError::Output(fmt::Error)));
        }
        assert_eq!(one(&list, &mut Full(CANONICAL.len())), Ok(()));
    }
}

mod version_0_1 {
    use super::*;

    fn with(entries: &str) -> List {
        super::read(&std::format!(
            r#"{{"version": "1", "author": "A", "serial": 1591205112, "timestamp": 1591205112, "expires": 1691205112,
            "providers": {{"big": {{"mode": "enforce", "mx": [".mx.example"]}}}},
            "policies": {{{entries}}} }}"#
        ))
    }

    #[test]
    fn is_written_where_it_can_express_the_list() {
        let list = with(
            r#""b.example": {"mode": "testing", "mx": ["mx.b.example"]}, "a.example": {"provider": "big"}"#,
        );
        let (text, losses) = eff_text(&list).unwrap();
        assert_eq!(
            text,
            r#"{
  "timestamp": "2020-06-03T17:25:12Z",
  "expires": "2023-08-05T03:11:52Z",
  "version": "0.1",
  "author": "A",
  "policy-aliases": {
    "big": {"mode": "enforce", "mxs": [".mx.example"]}
  },
  "policies": {
    "a.example": {"policy-alias": "big"},
    "b.example": {"mode": "testing", "mxs": ["mx.b.example"]}
  }
}
"#
        );
        assert_eq!(losses, []);
        assert_eq!(super::read(&text).entries, list.entries);
    }

    #[test]
    fn refuses_what_a_policy_says_beyond_it() {
        let policy = |rest: &str| std::format!(r#""a.example": {{"mode": "testing", {rest}}}"#);
        let mx = r#""mx": ["mx.a.example"]"#;
        for (entry, feature) in [
            (policy(r#""mx": ["*.a.example"]"#), Feature::OneLabelPattern),
            (policy(r#""mx": ["mx.example.xn--p1ai"]"#), Feature::HyphenTopLabel),
            (policy(&std::format!(r#"{mx}, "require": "tls""#)), Feature::RequireTls),
            (policy(&std::format!(r#"{mx}, "min-tls-version": "TLSv1.2""#)), Feature::MinTlsVersion),
            (policy(&std::format!(r#"{mx}, "report-to": ["mailto:a@a.example"]"#)), Feature::ReportTo),
            (r#""a.example": {"mode": "none"}"#.to_string(), Feature::ModeNone),
        ] {
            let error = eff_text(&with(&entry)).unwrap_err();
            let subjects = vec![Subject::Domain(Domain::parse("a.example").unwrap())];
            let loss = Loss { feature, subjects, count: 1, domains: 1 };
            assert_eq!(error, WriteError::Inexpressible(vec![loss]), "{entry}");
            assert!(error.to_string().ends_with(": `a.example`"), "{error}");
        }
    }

    #[test]
    fn names_the_first_ten_and_counts_the_rest() {
        let entries: Vec<String> =
            (0..25).map(|n| std::format!(r#""d{n:02}.example": {{"mode": "none"}}"#)).collect();
        let error = eff_text(&with(&entries.join(", "))).unwrap_err();
        assert!(error.to_string().ends_with("`d09.example` and 15 more"), "{error}");
    }

    #[test]
    fn counts_the_domains_of_a_shared_policy() {
        let mut list = with(
            r#""a.example": {"provider": "big"}, "b.example": {"provider": "big", "since": "2026-01-01"}"#,
        );
        list.aliases[0].policy.requirement = Requirement::Tls;
        let WriteError::Inexpressible(losses) = eff_text(&list).unwrap_err() else { panic!() };
        let name = Label::parse("big").unwrap();
        assert_eq!(losses[0].subjects, [Subject::Provider { name, domains: 2 }]);
        assert_eq!((losses[0].domains, losses[1].feature), (2, Feature::Since));
    }

    #[test]
    fn leaves_out_notes_and_says_so() {
        let mut list = with(
            r#""a.example": {"provider": "big", "since": "2026-01-01", "evidence": ["https://a.example"], "x-a": 1}"#,
        );
        list.head.serial = 7;
        let features: Vec<_> = eff_text(&list).unwrap().1.iter().map(|loss| loss.feature).collect();
        assert_eq!(features, [Feature::Serial, Feature::Since, Feature::Evidence, Feature::Extensions]);
    }

    #[test]
    fn has_features_in_one_order() {
        assert!(Feature::ALL.is_sorted());
    }
}

mod round_trips {
    use super::*;

    proptest! {
        #[test]
        fn keep_every_list(list in lists()) {
            let text = one_text(&list).unwrap();
            let again = super::read(&text);
            prop_assert_eq!(&again.head, &list.head);
            prop_assert_eq!(&again.pinsets, &list.pinsets);
            prop_assert_eq!(&again.pinset_extensions, &list.pinset_extensions);
            prop_assert_eq!(&again.aliases, &list.aliases);
            prop_assert_eq!(&again.entries, &list.entries);
            prop_assert_eq!(one_text(&again).unwrap(), text);
        }

        #[test]
        fn through_0_1_keep_every_policy(list in lists()) {
            match eff_text(&list) {
                Ok((text, _)) => {
                    let again = super::read(&text);
                    for (new, old) in again.iter().zip(list.iter()) {
                        prop_assert_eq!((new.domain, new.policy), (old.domain, old.policy));
                    }
                }
                Err(WriteError::Inexpressible(losses)) => {
                    prop_assert!(losses.iter().any(|loss| loss.feature.is_of_policy()));
                }
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
    }
}

/// Lists as the reader of version 1 makes them.
fn lists() -> impl Strategy<Value = List> {
    (pinsets(), head(), prop::collection::btree_map("[a-zA-Z0-9._-]{1,64}", extensions(), 0..2))
        .prop_flat_map(|(pinsets, head, noted)| {
            let owned: Vec<Arc<Pinset>> = pinsets.values().cloned().collect();
            let aliases = prop::collection::btree_map(label(), (policy(owned.clone()), notes()), 0..4);
            let entries = prop::collection::btree_map(name(), (entry_terms(owned), notes()), 0..12);
            (Just(pinsets), Just(head), Just(noted), aliases, entries)
        })
        .prop_map(|(pinsets, head, noted, aliases, entries)| {
            let noted = noted.into_values().zip(pinsets.keys().cloned());
            let pinset_extensions =
                noted.filter(|(members, _)| !members.is_empty()).map(|(members, name)| (name, members));
            let aliases: Vec<Alias> =
                aliases.into_iter().map(|(name, (policy, notes))| Alias { name, policy, notes }).collect();
            let count = aliases.len();
            let mut seen = BTreeSet::new();
            let mut entries: Vec<Entry> = entries
                .into_iter()
                .filter_map(|(name, (terms, notes))| {
                    let domain = Domain::parse(&name).ok().filter(|domain| seen.insert(domain.clone()))?;
                    let terms = match terms {
                        Ok(policy) => Terms::Own(Box::new(policy)),
                        Err(index) => Terms::Alias(u32::try_from(index.checked_rem(count)?).unwrap()),
                    };
                    let notes = (notes != Notes::default()).then(|| Box::new(notes));
                    Some(Entry { domain, terms, notes })
                })
                .collect();
            entries.sort_by(|one, next| one.domain.cmp(&next.domain));
            let pinset_extensions = pinset_extensions.collect();
            List { head, pinsets, pinset_extensions, aliases, entries, findings: Vec::new() }
        })
}

fn head() -> impl Strategy<Value = Head> {
    let author = "\\PC{1,40}"
        .prop_filter("blank", |text: &String| !text.trim().is_empty() && !text.chars().any(char::is_control));
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

fn pinsets() -> impl Strategy<Value = BTreeMap<Label, Arc<Pinset>>> {
    let hashes = prop::collection::btree_set(any::<[u8; 32]>().prop_map(Pin::Sha256), 2..4);
    let bad = prop::collection::btree_set(any::<[u8; 32]>().prop_map(Pin::Sha256), 0..2);
    let keys = prop::sample::subsequence(KEYS.to_vec(), 0..=2);
    let kind = prop_oneof![Just(PinKind::TrustAnchor), Just(PinKind::Leaf)];
    let pinset = (kind, keys, hashes, bad).prop_map(|(kind, keys, hashes, bad)| {
        let keys = keys.into_iter().map(|key| Pin::Key(Spki::parse(key).unwrap()));
        (kind, keys.chain(hashes).collect::<Vec<_>>(), bad.into_iter().collect::<Vec<_>>())
    });
    prop::collection::btree_map(label(), pinset, 0..3).prop_map(|sets| {
        let named = sets
            .into_iter()
            .map(|(name, (kind, pins, bad))| (name.clone(), Arc::new(Pinset::new(name, kind, pins, bad))));
        named.collect()
    })
}

fn policy(pinsets: Vec<Arc<Pinset>>) -> impl Strategy<Value = Policy> {
    let pinset = match pinsets.is_empty() {
        true => Just(None).boxed(),
        false => prop::option::of(prop::sample::select(pinsets)).boxed(),
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
