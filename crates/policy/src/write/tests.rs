//! Round trips over arbitrary lists, the canonical bytes of one list, and what is refused.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::list::arbitrary::lists;
use crate::{Requirement, read};

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
