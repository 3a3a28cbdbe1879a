//! The reader as a whole; each dialect's own rules.

use alloc::format;
use alloc::string::{String, ToString};

use super::*;
use crate::{Domain, Mode, Requirement, TlsVersion};

const KEY_1: &str = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
const KEY_2: &str = "MCowBQYDK2VwAyEAO2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=";

fn head() -> &'static str {
    r#""version": "1", "author": "A", "serial": 7, "timestamp": "2026-11-20T00:00:00Z", "expires": "2026-12-20T00:00:00Z""#
}

fn one(rest: &str) -> String {
    format!("{{{}, {rest}}}", head())
}

fn refused(text: &str) -> ReadError {
    list(text.as_bytes()).expect_err(text)
}

fn read(text: &str) -> List {
    list(text.as_bytes())
        .unwrap_or_else(|error| panic!("{error} at {}:{} {}", error.line, error.column, error.path))
}

mod version_1 {
    use super::*;

    #[test]
    fn reads_every_member() {
        let list = read(&one(&format!(
            r#""pinsets": {{"roots": {{"kind": "trust-anchor", "spki": ["{KEY_1}", "{KEY_2}"], "x-n": 1}}}},
            "providers": {{"google": {{"mode": "enforce", "mx": ["aspmx.l.google.com", "*.aspmx.l.google.com"], "since": "2026-01-02"}}}},
            "policies": {{
              "gmail.com": {{"provider": "google", "since": "2026-10-01"}},
              "Example.ORG": {{"mode": "testing", "mx": [".mail.example.net"], "require": "tls", "min-tls-version": "TLSv1.3",
                "pinset": "roots", "report-to": ["https://example.org/tls"], "evidence": ["https://example.org/e"], "x-ticket": {{"a": [1, null]}}}},
              "gone.example": {{"mode": "none"}} }}, "x-note": "kept""#
        )));
        assert_eq!((list.head.serial, list.head.author.as_deref()), (7, Some("A")));
        assert_eq!(
            list.entries.iter().map(|entry| entry.domain.as_str()).collect::<alloc::vec::Vec<_>>(),
            ["example.org", "gmail.com", "gone.example"]
        );
        let gmail = list.get(&Domain::parse("gmail.com").unwrap()).unwrap();
        assert_eq!((gmail.policy.mode, gmail.alias.unwrap().as_str()), (Mode::Enforce, "google"));
        assert_eq!(gmail.since.unwrap().to_string(), "2026-10-01");
        let own = list.get(&Domain::parse("example.org").unwrap()).unwrap().policy;
        assert_eq!((own.requirement, own.min_tls), (Requirement::Tls, Some(TlsVersion::Tls13)));
        assert_eq!(own.pinset.as_ref().unwrap().trust_anchors().count(), 2);
        assert!(list.findings.is_empty(), "{:?}", list.findings);
    }

    #[test]
    fn does_not_care_in_which_order_things_are_defined() {
        let text = one(&format!(
            r#""policies": {{"b.example": {{"provider": "zz"}}, "a.example": {{"provider": "aa"}}}},
            "providers": {{"zz": {{"mode": "enforce", "mx": ["mx.zz.example"], "pinset": "p"}}, "aa": {{"mode": "testing", "mx": ["mx.aa.example"]}}}},
            "pinsets": {{"p": {{"kind": "leaf", "spki": ["{KEY_1}", "{KEY_2}"]}}}}"#
        ));
        let list = read(&text);
        let b = list.get(&Domain::parse("b.example").unwrap()).unwrap();
        assert_eq!((b.alias.unwrap().as_str(), b.policy.mx[0].to_string()), ("zz", "mx.zz.example".into()));
        assert_eq!(b.policy.pinset.as_ref().unwrap().leaf_hashes().count(), 2);
        assert_eq!(list.get(&Domain::parse("a.example").unwrap()).unwrap().alias.unwrap().as_str(), "aa");
    }

    /// Each with its path and the text that the caret must point at.
    #[test]
    fn refuses_with_path_and_place() {
        for (rest, path, points_at) in [
            (
                r#""policies": {"a.example": {"mode": "enforce", "mx": ["mx.a.example"], "mode": "none"}}"#,
                r#"$.policies["a.example"].mode"#,
                r#""mode": "none"#,
            ),
            (
                r#""policies": {"a.example": {"mode": "none"}, "A.Example": {"mode": "none"}}"#,
                r#"$.policies["a.example"]"#,
                r#""A.Example""#,
            ),
            (
                r#""policies": {"a.example": {"mode": "force", "mx": ["mx.a.example"]}}"#,
                r#"$.policies["a.example"].mode"#,
                r#""force""#,
            ),
            (
                r#""policies": {"a.example": {"mode": "enforce", "mx": ["ok.example", "mx.*.example"]}}"#,
                r#"$.policies["a.example"].mx[1]"#,
                r#""mx.*.example""#,
            ),
            (
                r#""policies": {"a.example": {"mode": "enforce", "mx": []}}"#,
                r#"$.policies["a.example"]"#,
                r#"{"mode": "enforce", "mx": []"#,
            ),
            (
                r#""policies": {"a.example": {"mode": "enforce", "mx": [".com"]}}"#,
                r#"$.policies["a.example"].mx[0]"#,
                r#"".com""#,
            ),
            (
                r#""policies": {"a.example": {"provider": "nobody"}}"#,
                r#"$.policies["a.example"].provider"#,
                r#""nobody""#,
            ),
            (
                r#""policies": {"a.example": {"mode": "enforce", "mx": ["mx.a.example"], "pinset": "nobody"}}"#,
                r#"$.policies["a.example"].pinset"#,
                r#""nobody""#,
            ),
            (
                r#""policies": {"a.example": {"mode": "enforce", "mx": ["mx.a.example"], "hosts": 1}}"#,
                r#"$.policies["a.example"].hosts"#,
                r#""hosts""#,
            ),
            (
                r#""policies": {"a example": {"mode": "none"}}"#,
                r#"$.policies["a example"]"#,
                r#""a example""#,
            ),
            (r#""policies": {}, "polices": 1"#, "$.polices", r#""polices""#),
            (r#""policies": {}, "x-a": 1, "x-a": 2"#, "$.x-a", r#""x-a": 2"#),
            (
                r#""policies": {}, "providers": {"p": {"provider": "p"}}"#,
                "$.providers.p",
                r#"{"provider": "p"}"#,
            ),
            (
                r#""policies": {}, "pinsets": {"p": {"kind": "leaf", "static_spki_hashes": ["sha1/5R0zeLx7EWRxqw6HRlgCRxNLHDo="]}}"#,
                "$.pinsets.p",
                r#"{"kind""#,
            ),
            (
                r#""policies": {}, "pinsets": {"p": {"kind": "leaf", "spki": ["AAAA"]}}"#,
                "$.pinsets.p.spki[0]",
                r#""AAAA""#,
            ),
            (
                r#""policies": {"a.example": {"provider": "p", "mode": "none"}}, "providers": {"p": {"mode": "none"}}"#,
                r#"$.policies["a.example"]"#,
                r#"{"provider""#,
            ),
        ] {
            let text = one(&rest.replace(", \"", ",\n  \""));
            let error = refused(&text);
            assert_eq!(error.path.to_string(), path, "{rest}: {error}");
            let at: String = error.excerpt.text.chars().skip(error.excerpt.caret).collect();
            let wanted = points_at.split(", \"").next().unwrap();
            assert!(at.starts_with(wanted), "{rest}\n{error}\npoints at {at}, not at {wanted}");
            let line = text.lines().nth(error.line - 1).unwrap();
            assert!(
                line.chars().skip(error.column - 1).collect::<String>().starts_with(wanted),
                "{line} {}",
                error.column
            );
        }
    }

    #[test]
    fn has_an_author_who_can_be_read_as_written() {
        for bad in ["", " ", "a\\n", "Evil \u{202e}gro", "A\u{200b}", "A\u{2028}B", "\u{ad}A", "A\u{e0041}"] {
            let error = refused(&one(r#""policies": {}"#).replace("\"A\"", &format!("\"{bad}\"")));
            assert_eq!(error.fault, Fault::Text { max: 256 }, "{bad:?}");
        }
        read(&one(r#""policies": {}"#).replace("\"A\"", "\"Bücher & Söhne, 日本\""));
    }

    #[test]
    fn says_once_which_shared_policies_are_unused() {
        let providers = |count| {
            (0..count)
                .map(|number| format!(r#""p{number}": {{"mode": "none"}}"#))
                .collect::<alloc::vec::Vec<_>>()
        };
        for (count, words) in [
            (1, "no entry refers to 1 shared policy (p0)"),
            (5, "no entry refers to 5 shared policies (p0, p1, p2 and 2 more)"),
        ] {
            let text = one(&format!(r#""policies": {{}}, "providers": {{{}}}"#, providers(count).join(", ")));
            let findings = read(&text).findings;
            let [finding] = findings.as_slice() else { panic!("{findings:?}") };
            assert_eq!((finding.subject.as_str(), finding.message.as_str()), ("$.providers", words));
        }
    }

    #[test]
    fn needs_its_head() {
        for name in ["author", "serial", "timestamp", "expires"] {
            let text = one(r#""policies": {}"#).replace(&format!("\"{name}\""), "\"x-gone\"");
            assert_eq!(refused(&text).fault, Fault::MissingMember { name });
        }
        for missing in ["author", "policies"] {
            let text = one(r#""policies": {}"#).replace(&format!("\"{missing}\""), "\"x-gone\"");
            let error = refused(&format!("// A list.\n/* c */ {text}"));
            assert_eq!((error.line, error.column), (2, 9), "the brace that opens the list");
        }
        let text = one(r#""policies": {}"#).replace("2026-12-20", "2026-11-20");
        assert_eq!(refused(&text).fault, Fault::EndsBeforeItBegins);
    }
}

mod pins_of_version_1 {
    use super::*;
    use crate::{Pin, Spki};

    #[test]
    fn have_a_backup_that_is_another_key() {
        let hash = Pin::Sha256(Spki::parse(KEY_1).unwrap().sha256()).to_string();
        let text = one(&format!(
            r#""policies": {{}}, "pinsets": {{"p": {{"kind": "leaf", "spki": ["{KEY_1}"], "static_spki_hashes": ["{hash}"]}}}}"#
        ));
        assert!(matches!(refused(&text).fault, Fault::DuplicateValue { .. }));
    }

    #[test]
    fn are_64_at_most() {
        let hashes = |count| hashes(count).join(", ");
        let set = |good, bad| {
            one(&format!(
                r#""policies": {{}}, "pinsets": {{"p": {{"kind": "leaf", "static_spki_hashes": [{}], "bad_static_spki_hashes": [{}]}}}}"#,
                hashes(good),
                hashes(bad)
            ))
        };
        read(&set(64, 64));
        assert_eq!(refused(&set(65, 0)).fault, Fault::TooManyPins);
        let error = refused(&set(64, 40_000));
        assert_eq!(
            (error.fault, error.path.to_string().as_str()),
            (Fault::TooManyPins, "$.pinsets.p.bad_static_spki_hashes[64]")
        );
        let keyed = set(64, 0).replace("\"static", &format!("\"spki\": [\"{KEY_1}\"], \"static"));
        assert_eq!(refused(&keyed).fault, Fault::TooManyPins, "keys and hashes count together");
    }
}

/// Different SHA-256 hashes, in quotes.
fn hashes(count: usize) -> alloc::vec::Vec<String> {
    let hash = |number: usize| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        format!("\"{}\"", crate::Pin::Sha256(bytes))
    };
    (0..count).map(hash).collect()
}

mod hostile_text {
    use super::*;

    #[test]
    fn is_refused_with_its_place() {
        for (text, line, column) in [
            ("", 1, 1),
            ("{", 1, 1),
            ("[]", 1, 1),
            ("{\n  \"version\": 1}", 2, 14),
            ("{\"version\": \"1\",}", 1, 17),
            ("{\"version\": \"1\" \"author\": 1}", 1, 17),
            ("{} /* open", 1, 4),
            ("{\"version\": \"2\"}", 1, 13),
            ("{\"a\": 1}", 1, 1),
        ] {
            let error = refused(text);
            assert_eq!((error.line, error.column), (line, column), "{text}: {error}");
        }
    }

    #[test]
    fn that_is_not_utf8_is_refused_at_its_byte() {
        let error = list(b"{\n \"author\": \"\xff\"}").unwrap_err();
        assert_eq!((error.fault, error.line, error.column), (Fault::NotUtf8, 2, 13));
    }

    #[test]
    fn behind_a_byte_order_mark_keeps_its_columns() {
        for text in [
            "{\"version\": \"1\" \"author\": 1}",
            "{\"version\": \"1\",}",
            "{\"version\": \"1\", \"serial\": \"x\"}",
            "{\"version\": \"2\"}",
            "{\"version\": \"1\"}",
            "// c\n{\"version\": \"2\"}",
            "{} /* open",
            "",
        ] {
            assert_eq!(refused(&format!("\u{feff}{text}")), refused(text), "{text}");
        }
    }

    #[test]
    fn of_utf16_is_told_from_other_bytes() {
        for mark in [b"\xff\xfe", b"\xfe\xff"] {
            let error = list(&[mark.as_slice(), b"{\0}\0"].concat()).unwrap_err();
            assert_eq!((error.fault, error.line, error.column), (Fault::Utf16, 1, 1));
        }
    }

    #[test]
    fn nested_deeply_costs_no_stack() {
        for opening in ["[", "{\"a\":"] {
            let text = format!("{{\"version\": \"1\", \"x-deep\": {}", opening.repeat(100_000));
            assert!(matches!(refused(&text).fault, Fault::Json { .. }));
            let unknown = format!("{{\"version\": \"1\", \"deep\": {}", opening.repeat(100_000));
            assert!(matches!(refused(&unknown).fault, Fault::UnknownMember { .. }));
        }
    }

    #[test]
    fn of_one_endless_line_is_shown_in_part() {
        let text =
            one(&format!("\"policies\": {{{}\"a b\": {{}}}}", "\"a.example\": {\"mode\": \"none\"}, "));
        let long = text.replace(
            "\"author\": \"A\"",
            &format!("\"author\": \"A\", \"x-long\": \"{}\"", "z".repeat(1_000_000)),
        );
        let error = refused(&long);
        assert!(error.excerpt.text.chars().count() < 200, "{}", error.excerpt.text);
        assert!(error.column > 1_000_000);
    }

    #[test]
    fn cannot_steer_the_terminal() {
        let error = refused(&one("\"policies\": {\"a\u{7f}\u{9b}31m.example\": {}}"));
        assert!(!error.to_string().chars().any(char::is_control), "{error}");
        assert!(!error.excerpt.text.chars().any(char::is_control), "{}", error.excerpt.text);
    }

    #[test]
    fn cut_off_anywhere_is_refused() {
        let whole = one(&format!(
            r#""pinsets": {{"p": {{"kind": "leaf", "spki": ["{KEY_1}", "{KEY_2}"]}}}}, "policies": {{"a.example": {{"mode": "enforce", "mx": [".mx.example"], "pinset": "p"}}}}"#
        ));
        read(&whole);
        for end in 0..whole.len() {
            refused(&whole[..end]);
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = list(&bytes);
        }

        #[test]
        fn never_panics_when_almost_right(at in 0_usize..400, byte in proptest::num::u8::ANY) {
            let mut bytes = one(r#""providers": {"p": {"mode": "testing", "mx": ["*.mx.example"]}}, "policies": {"a.example": {"provider": "p"}} // c"#).into_bytes();
            let end = bytes.len();
            bytes[at % end] = byte;
            if let Err(error) = list(&bytes) {
                proptest::prop_assert!(error.line >= 1 && error.column >= 1);
            }
        }
    }
}

mod version_0_1 {
    use super::*;

    const LIST: &str = r#"{"timestamp": "2020-05-20T10:25:12.710034-07:00", "expires": 1591205112, "version": "0.1", "author": "EFF",
        "policy-aliases": {"yahoo": {"mode": "testing", "mxs": [".am0.yahoodns.net", "mta5.am0.yahoodns.net"]}},
        "policies": {"aol.com": {"policy-alias": "yahoo"}, "eff.org": {"mode": "enforce", "mxs": [".eff.org"]}}}"#;

    #[test]
    fn reads() {
        let list = read(LIST);
        assert_eq!(list.head.serial, 1_589_995_512);
        assert_eq!(list.get(&Domain::parse("aol.com").unwrap()).unwrap().alias.unwrap().as_str(), "yahoo");
    }

    #[test]
    fn without_author_counts_as_expired_and_says_so() {
        let list = read(&LIST.replace("\"author\": \"EFF\",", ""));
        assert_eq!(list.head.expires, None);
        assert_eq!(list.findings[0].code, "list.incomplete-head");
    }

    #[test]
    fn has_neither_stars_nor_none_nor_aliases_of_aliases() {
        for (star, instead) in [
            ("*.eff.org", ".eff.org"),
            ("mx*.eff.org", ".eff.org"),
            ("a.*.eff.org", ".eff.org"),
            ("*", ".example.org"),
        ] {
            let error = refused(&LIST.replace("\".eff.org\"", &format!("\"{star}\"")));
            assert_eq!(error.fault, Fault::NoStar { instead: instead.into() });
            assert!(error.to_string().starts_with(&format!("version 0.1 has no `*`; write `{instead}`")));
        }
        assert!(matches!(refused(&LIST.replace("\"enforce\"", "\"none\"")).fault, Fault::Word { .. }));
        let looped = LIST.replace(
            r#""yahoo": {"mode": "testing", "mxs": [".am0.yahoodns.net", "mta5.am0.yahoodns.net"]}"#,
            r#""yahoo": {"policy-alias": "yahoo"}"#,
        );
        assert!(matches!(refused(&looped).fault, Fault::AliasOfAlias { .. }));
        assert!(matches!(
            refused(&LIST.replace("\"policies\":", "\"x-a\": 1, \"policies\":")).fault,
            Fault::UnknownMember { .. }
        ));
    }
}

mod design_of_2014 {
    use super::*;

    const LIST: &str = r#"{
      // comments are allowed
      "comment": "Canonical URL", "comment 2:": 1,
      "timestamp": 1401414363, "author": "EFF", "expires": "2015-08-01T12:00:00+08:00",
      "tls-policies": {
        ".yahoodns.net": { "require-valid-certificate": true },
        "*.eff.org": { "require-tls": true, "min-tls-version": "TLSv1.1", "enforce-mode": "enforce",
          "accept-spki-hashes": [ "sha1/5R0zeLx7EWRxqw6HRlgCRxNLHDo=", "sha1/YlrkMlC6C4SJRZSVyRvnvoJ+8eM=" ] },
        "google.com": { "require-valid-certificate": true, "min-tls-version": "TLSv1.1", "enforce-mode": "enforce",
          "error-notification": "tls@google.com" } },
      "acceptable-mxs": {
        "yahoo.com": { "accept-mx-domains": [".yahoodns.net"] },
        "gmail.com": { "accept-mx-domains": ["*.google.com"] },
        "both.example": { "accept-mx-domains": ["google.com", "yahoodns.net"] },
        "eff.org": { "accept-mx-domains": ["eff.org"] } } }"#;

    fn policy<'a>(list: &'a List, domain: &str) -> &'a crate::Policy {
        list.get(&Domain::parse(domain).unwrap()).unwrap().policy
    }

    #[test]
    fn reads_under_both_sets_of_names() {
        let prose = LIST.replace("tls-policies", "mx-domains").replace("acceptable-mxs", "address-domains");
        for text in [LIST, &prose] {
            let list = read(text);
            assert_eq!(list.entries.len(), 4);
            let eff = policy(&list, "eff.org");
            assert_eq!(
                (eff.mode, eff.requirement, eff.min_tls),
                (Mode::Enforce, Requirement::Tls, Some(TlsVersion::Tls11))
            );
            assert_eq!(eff.mx.iter().map(ToString::to_string).collect::<alloc::vec::Vec<_>>(), [".eff.org"]);
            assert_eq!(eff.pinset.as_ref().unwrap().leaf_hashes().count(), 0, "sha1 pins are unusable");
        }
    }

    #[test]
    fn lets_a_bare_mx_domain_cover_itself() {
        let mx = read(LIST);
        let mx: alloc::vec::Vec<_> = policy(&mx, "gmail.com").mx.iter().map(ToString::to_string).collect();
        assert_eq!(mx, ["google.com", ".google.com"]);
    }

    #[test]
    fn without_enforce_mode_only_logs_and_says_so() {
        let list = read(LIST);
        assert_eq!(policy(&list, "yahoo.com").mode, Mode::Testing);
        assert!(list.findings.iter().any(|finding| finding.code == "list.no-enforce-mode"));
    }

    #[test]
    fn gives_a_domain_with_several_mx_domains_the_weakest() {
        let list = read(LIST);
        let both = policy(&list, "both.example");
        assert_eq!(
            (both.mode, both.min_tls, both.requirement),
            (Mode::Testing, None, Requirement::Certificate)
        );
        assert_eq!(both.mx.len(), 3);
        assert!(list.findings.iter().any(|finding| finding.code == "list.several-mx-domains"));
    }

    #[test]
    fn refuses_nested_missing_and_doubled_mx_domains() {
        let nested = refused(&LIST.replace("\".yahoodns.net\": {", "\"mail.google.com\": {"));
        assert!(matches!(nested.fault, Fault::NestedMxDomain { .. }), "{nested}");
        assert_eq!(nested.path.to_string(), "$.tls-policies[\"mail.google.com\"]");
        let missing = refused(&LIST.replace("[\"eff.org\"]", "[\"mx.eff.org\"]"));
        assert!(matches!(missing.fault, Fault::AcceptMxWithoutEntry { .. }), "{missing}");
        assert_eq!(missing.path.to_string(), "$.acceptable-mxs[\"eff.org\"].accept-mx-domains[0]");
        let doubled = refused(&LIST.replace("\".yahoodns.net\": {", "\"eff.org\": {"));
        assert!(matches!(doubled.fault, Fault::DuplicateMember { .. }), "{doubled}");
    }

    #[test]
    fn says_which_domain_has_too_many_patterns() {
        let names = |prefix: &str, suffix: &str| {
            let names = (0..129).map(|number| format!("\"{prefix}mx{number}.example\"{suffix}"));
            names.collect::<alloc::vec::Vec<_>>().join(", ")
        };
        let error = refused(&format!(
            "{{\"tls-policies\": {{{}}},\n\"acceptable-mxs\": {{\"a.example\": {{\"accept-mx-domains\": [{}]}}}}}}",
            names("", ": {}"),
            names("", "")
        ));
        assert_eq!(
            (error.fault, error.path.to_string().as_str(), error.line),
            (Fault::TooManyMx, "$.acceptable-mxs[\"a.example\"].accept-mx-domains", 2)
        );
    }

    #[test]
    fn without_a_head_counts_as_expired() {
        let list = read(
            r#"{"acceptable-mxs": {"a.example": {"accept-mx-domains": [".b.example"]}}, "tls-policies": {".b.example": {"require-tls": true}}}"#,
        );
        assert!(list.head.expires.is_none());
    }

    #[test]
    fn refuses_two_pinsets_of_one_name() {
        let hashes = r#"["sha1/vq7OyjSnqOco9nyMCDGdy77eijM=", "sha1/5R0zeLx7EWRxqw6HRlgCRxNLHDo="]"#;
        let set = format!(r#"{{"name": "eff.org", "static_spki_hashes": {hashes}}}"#);
        for (text, path) in [
            (format!(r#"{{"pinsets": [{set}, {set}], "mx-domains": {{}}}}"#), "$.pinsets[1].name"),
            (
                format!(
                    r#"{{"pinsets": [{set}], "mx-domains": {{".eff.org": {{"accept-spki-hashes": {hashes}}}}}}}"#
                ),
                "$.pinsets[0].name",
            ),
        ] {
            let error = refused(&text);
            assert_eq!(
                (matches!(error.fault, Fault::DuplicateValue { .. }), error.path.to_string().as_str()),
                (true, path)
            );
        }
    }

    #[test]
    fn says_that_a_pinset_wins_over_hashes() {
        let hashes = hashes(3);
        let text = format!(
            r#"{{"pinsets": [{{"name": "p", "static_spki_hashes": [{}, {}]}}],
            "mx-domains": {{".a.example": {{"accept-pinset": "p", "accept-spki-hashes": [{}]}}}},
            "address-domains": {{"a.example": {{"accept-mx-domains": [".a.example"]}}}}}}"#,
            hashes[0], hashes[1], hashes[2]
        );
        let list = read(&text);
        let found = list.findings.iter().find(|finding| finding.code == "list.hashes-beside-pinset").unwrap();
        assert_eq!(found.subject, "$.mx-domains[\".a.example\"]");
        let alone = read(&text.replace("\"accept-pinset\": \"p\", ", ""));
        assert!(alone.findings.iter().all(|finding| finding.code != "list.hashes-beside-pinset"));
    }

    #[test]
    fn has_64_pins_at_most_in_either_form() {
        let many = hashes(65).join(", ");
        let own =
            refused(&format!(r#"{{"mx-domains": {{".a.example": {{"accept-spki-hashes": [{many}]}}}}}}"#));
        assert_eq!(own.fault, Fault::TooManyPins);
        let set = refused(&format!(
            r#"{{"pinsets": [{{"name": "p", "static_spki_hashes": [{many}]}}], "mx-domains": {{}}}}"#
        ));
        assert_eq!((set.fault, set.path.to_string().as_str()), (Fault::TooManyPins, "$.pinsets[0]"));
    }

    #[test]
    fn reads_pinsets_as_chrome_writes_them() {
        let list = read(
            r#"{"pinsets": [{"name": "google", "static_spki_hashes": ["A", "B"], "bad_static_spki_hashes": ["sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]}],
            "spki_hashes": {"A": "sha1/vq7OyjSnqOco9nyMCDGdy77eijM=", "B": "sha256/LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="},
            "mx-domains": {"google.com": {"accept-pinset": "google", "enforce-mode": "log-only"}},
            "nexthop-domains": {"gmail.com": {"accept-mx-domains": ["google.com"]}}}"#,
        );
        let pinset = policy(&list, "gmail.com").pinset.as_ref().unwrap();
        assert_eq!((pinset.pins.len(), pinset.bad.len()), (2, 1));
        let usable = pinset.leaf_hashes().count() + pinset.trust_anchors().count();
        assert_eq!(usable, 0, "whether a hash is of a root or of a leaf cannot be told");
    }
}
