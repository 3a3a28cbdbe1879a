//! Claims about socketmap answers.

use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use starttls_policy::decide::evidence::StsPolicy;
use starttls_policy::{Mode, Timestamp};

use super::golden;
use super::properties;
use super::*;
use crate::postfix::socketmap::{
    Answer as Reply, Answered, Form, MAX_ANSWER_BYTES, SENDMAIL_SHORTFALLS, Socketmap, SocketmapFacts,
};

const FORMS: [Form; 3] = [Form::Plain, Form::Tlsrpt, Form::Sendmail];

fn server(level: Option<Level>) -> SocketmapFacts {
    SocketmapFacts { level, anchors_directory: Some("/var/lib/starttls".into()), ..SocketmapFacts::default() }
}

/// The policy that a decision of origin MTA-STS goes back to.
fn published(case: &Case) -> StsPolicy {
    StsPolicy {
        mode: if case.action == What::LogOnly { Mode::Testing } else { Mode::Enforce },
        mx: case.mx.clone(),
        id: "20260101T000000".into(),
        fetched: Timestamp::from_seconds(1_700_000_000).unwrap(),
        max_age: Duration::from_hours(168),
    }
}

fn answered(facts: &SocketmapFacts, case: &Case, form: Form) -> Answered {
    let sts = (case.origin == Origin::MtaSts).then(|| published(case));
    Socketmap::new(facts.clone()).unwrap().answer(&case.decision(), form, sts.as_ref())
}

fn policy(facts: &SocketmapFacts, case: &Case, form: Form) -> String {
    match answered(facts, case, form).answer {
        Reply::Policy(text) => text,
        other => panic!("{other:?}"),
    }
}

fn gaps(answered: &Answered) -> Vec<&'static str> {
    answered.gaps.iter().map(|code| code.name).collect()
}

fn sts(domain: &str, mx: &[&str]) -> Case {
    Case::new(domain, mx).origin(Origin::MtaSts)
}

/// 256 names of full length, every one with a wildcard.
fn longest() -> Case {
    let label = "a".repeat(63);
    let name = |n: u32| format!("{n:0>3}{}.{label}.{label}.{}.example", "b".repeat(60), "c".repeat(51));
    let mx: Vec<_> =
        (0..256).map(|n| MxPattern::new(starttls_policy::Reach::OneLabel, &name(n)).unwrap()).collect();
    assert_eq!(mx[0].name().len(), 251);
    Case { mx, ..sts("sts.example", &["x.example"]) }
}

mod golden_answers {
    use super::*;

    /// Every decision in every form for a server whose own level is not known, and what is another answer where it is known.
    #[test]
    fn of_every_form() {
        let mut text = String::new();
        let testing =
            sts("sts-testing.example", &["mx1.sts.example", "*.mx.example.net"]).action(What::LogOnly);
        let mut cases = golden::cases();
        cases.push(testing);
        for form in FORMS {
            writeln!(text, "==> {form:?}").unwrap();
            for case in &cases {
                let unknown = answered(&server(None), case, form);
                show(case, "", &unknown, &mut text);
                for level in [Level::None, Level::May, Level::Dane, Level::Encrypt, Level::Secure] {
                    let known = answered(&server(Some(level)), case, form);
                    if known != unknown {
                        show(case, &format!(" (level {})", level.name()), &known, &mut text);
                    }
                }
            }
        }
        golden::hold(&format!("{}/tests/golden/postfix/socketmap.txt", env!("CARGO_MANIFEST_DIR")), &text);
    }

    fn show(case: &Case, level: &str, answered: &Answered, text: &mut String) {
        let answer = match &answered.answer {
            Reply::Policy(answer) => format!("OK {answer}"),
            Reply::Nothing => "NOTFOUND".into(),
            Reply::Later => "TEMP".into(),
        };
        writeln!(text, "{}{level} {answer}", case.domain).unwrap();
        if !answered.gaps.is_empty() {
            writeln!(text, "    {}", gaps(answered).join(" ")).unwrap();
        }
    }
}

mod plain_answers {
    use super::*;

    #[test]
    fn have_what_postfix_3_4_knows() {
        assert_eq!(
            policy(&server(None), &sts("a.example", &["mx.a.example", "*.b.example"]), Form::Plain),
            "secure match=mx.a.example:.b.example servername=hostname protocols=!SSLv2:!SSLv3:!TLSv1:!TLSv1.1"
        );
    }

    #[test]
    fn never_admit_older_versions_than_the_server_itself() {
        let facts = SocketmapFacts { lowest: Some(TlsVersion::Tls13), ..server(None) };
        let text = policy(&facts, &Case::new("a.example", &["mx.a.example"]), Form::Plain);
        assert!(text.ends_with("protocols=!SSLv2:!SSLv3:!TLSv1:!TLSv1.1:!TLSv1.2"), "{text}");
    }

    #[test]
    fn keep_a_level_that_is_stricter_than_dane() {
        let case = Case::new("a.example", &[]).action(What::Dane);
        assert_eq!(policy(&server(None), &case, Form::Plain), "dane");
        assert_eq!(answered(&server(Some(Level::Encrypt)), &case, Form::Plain).answer, Reply::Nothing);
    }
}

mod answers_with_reports {
    use super::*;

    #[test]
    fn quote_mta_sts_in_the_order_of_its_file() {
        assert_eq!(
            policy(
                &server(None),
                &sts("a.example", &["z.a.example", "*.b.example", "c.a.example"]),
                Form::Tlsrpt
            ),
            "secure match=z.a.example:.b.example:c.a.example servername=hostname protocols=>=TLSv1.2 \
             policy_type=sts policy_domain=a.example mx_host_pattern=z.a.example mx_host_pattern=*.b.example \
             mx_host_pattern=c.a.example policy_ttl=604800 { policy_string = version: STSv1 } \
             { policy_string = mode: enforce } { policy_string = mx: z.a.example } { policy_string = mx: *.b.example } \
             { policy_string = mx: c.a.example } { policy_string = max_age: 604800 }"
        );
    }

    #[test]
    fn never_show_a_list_as_mta_sts() {
        for origin in [Origin::List, Origin::Override] {
            let case = Case::new("a.example", &["mx.a.example"]).origin(origin);
            let answered = answered(&server(Some(Level::May)), &case, Form::Tlsrpt);
            let Reply::Policy(text) = &answered.answer else { panic!("{answered:?}") };
            assert!(text.starts_with("secure match=mx.a.example ") && !text.contains("policy_"), "{text}");
            assert_eq!(gaps(&answered), ["postfix.mx-name-unchecked"]);
            let testing = answered_testing(origin);
            assert_eq!(testing.answer, Reply::Nothing);
        }
    }

    fn answered_testing(origin: Origin) -> Answered {
        let case = Case::new("a.example", &["mx.a.example"]).origin(origin).action(What::LogOnly);
        answered(&server(Some(Level::May)), &case, Form::Tlsrpt)
    }

    #[test]
    fn tell_of_testing_only_where_may_is_no_step_down() {
        let case = sts("a.example", &["mx.a.example"]).action(What::LogOnly);
        for level in [Level::None, Level::May] {
            assert_eq!(
                policy(&server(Some(level)), &case, Form::Tlsrpt),
                "may policy_type=sts policy_domain=a.example mx_host_pattern=mx.a.example policy_ttl=604800 \
                 { policy_string = version: STSv1 } { policy_string = mode: testing } \
                 { policy_string = mx: mx.a.example } { policy_string = max_age: 604800 }"
            );
        }
        for level in Level::ALL.into_iter().filter(|level| !matches!(level, Level::None | Level::May)) {
            assert_eq!(
                answered(&server(Some(level)), &case, Form::Tlsrpt).answer,
                Reply::Nothing,
                "{level:?}"
            );
        }
        assert_eq!(answered(&server(None), &case, Form::Tlsrpt).answer, Reply::Nothing);
    }

    #[test]
    fn quote_no_policy_but_the_one_that_decided() {
        let case = sts("a.example", &["mx.a.example"]);
        let socketmap = Socketmap::new(server(None)).unwrap();
        let other_names = published(&sts("a.example", &["evil.example"]));
        let other_mode = StsPolicy { mode: Mode::Testing, ..published(&case) };
        for sts in [None, Some(&other_names), Some(&other_mode)] {
            let Reply::Policy(text) = socketmap.answer(&case.decision(), Form::Tlsrpt, sts).answer else {
                panic!()
            };
            assert!(text.ends_with("mx_host_pattern=mx.a.example"), "{text}");
        }
    }
}

mod answers_for_sendmail {
    use super::*;

    #[test]
    fn are_names_and_nothing_else() {
        let case = sts("a.example", &["mx.a.example", "*.b.example"]);
        let answered = answered(&server(Some(Level::May)), &case, Form::Sendmail);
        let want = "secure match=mx.a.example:.b.example servername=hostname";
        assert_eq!(answered.answer, Reply::Policy(want.into()));
        assert_eq!(gaps(&answered), ["sendmail.version-unchecked"]);
    }

    #[test]
    fn never_say_what_sendmail_does_not_know() {
        for case in golden::cases() {
            let answered = answered(&server(Some(Level::None)), &case, Form::Sendmail);
            match (&answered.answer, case.action) {
                (Reply::Policy(text), What::Require) => {
                    let names = text.strip_prefix("secure match=").unwrap();
                    let names = names.strip_suffix(" servername=hostname").unwrap();
                    assert!(!names.contains([' ', '=']), "{text}");
                }
                (Reply::Later, What::Defer) | (Reply::Nothing, _) => {}
                other => panic!("{other:?}"),
            }
            assert_eq!(answered.anchor_file, None);
        }
        assert!(SENDMAIL_SHORTFALLS.is_sorted_by_key(|code| code.name));
    }
}

mod key_files {
    use super::*;

    fn pinned() -> Case {
        Case::new("a.example", &["mx.a.example"]).pinned(PinKind::TrustAnchor, vec![Pin::Key(key())])
    }

    #[test]
    fn go_with_the_answer_that_names_them() {
        let answered = answered(&server(None), &pinned(), Form::Plain);
        let file = answered.anchor_file.unwrap();
        let Reply::Policy(text) = answered.answer else { panic!() };
        assert!(text.ends_with(&format!(" tafile=/var/lib/starttls/{}", file.name)), "{text}");
        assert_eq!(Postfix.check(&file.name, &file.text), Ok(()));
    }

    #[test]
    fn are_left_out_where_there_is_no_directory() {
        let facts = SocketmapFacts { anchors_directory: None, ..server(None) };
        let answered = answered(&facts, &pinned(), Form::Plain);
        assert_eq!(
            (gaps(&answered).contains(&"postfix.anchors-unwritten"), &answered.anchor_file),
            (true, &None)
        );
        let Reply::Policy(text) = answered.answer else { panic!() };
        assert!(text.starts_with("secure match=mx.a.example ") && !text.contains("tafile"), "{text}");
    }

    #[test]
    fn lie_in_a_directory_that_needs_no_quoting() {
        for directory in ["", "relative", "/a b", "/a,b", "/a{", "/a\n"] {
            let facts = SocketmapFacts { anchors_directory: Some(directory.into()), ..server(None) };
            let finding = Socketmap::new(facts).unwrap_err();
            assert_eq!((finding.code, finding.severity), ("postfix.directory", Severity::Error));
        }
    }
}

mod long_answers {
    use super::*;

    #[test]
    fn keep_the_names_and_leave_out_the_rest() {
        let case = longest();
        for form in FORMS {
            let answered = answered(&server(None), &case, form);
            let Reply::Policy(text) = &answered.answer else { panic!("{form:?}") };
            assert!(text.len() <= MAX_ANSWER_BYTES, "{}", text.len());
            assert_eq!(text.matches(':').count() >= 255, text.starts_with("secure match="));
            assert!(case.mx.iter().all(|pattern| text.contains(pattern.name())));
            assert!(!text.contains("policy_type"));
            let has_gap = gaps(&answered).contains(&"postfix.mx-name-unchecked");
            assert_eq!(has_gap, form != Form::Sendmail, "{:?}", gaps(&answered));
        }
    }

    #[test]
    fn keep_the_patterns_where_the_quotation_alone_is_too_long() {
        let mut case = longest();
        case.mx.truncate(150);
        let answered = answered(&server(None), &case, Form::Tlsrpt);
        let Reply::Policy(text) = &answered.answer else { panic!() };
        assert_eq!(text.matches(" mx_host_pattern=").count(), 150);
        assert!(!text.contains("policy_string") && gaps(&answered).contains(&"postfix.report-shortened"));
        case.mx.truncate(20);
        assert!(policy(&server(None), &case, Form::Tlsrpt).contains("{ policy_string = max_age: 604800 }"));
    }
}

mod decisions_to_wait {
    use super::*;

    #[test]
    fn are_told_in_every_form() {
        let case = Case::new("a.example", &[]).action(What::Defer);
        for form in FORMS {
            assert_eq!(answered(&server(None), &case, form).answer, Reply::Later);
        }
    }
}

fn facts_of_servers() -> impl Strategy<Value = SocketmapFacts> {
    let level = proptest::option::of(proptest::sample::select(Level::ALL.to_vec()));
    let lowest = proptest::option::of(proptest::sample::select(TlsVersion::ALL.to_vec()));
    let leaf_pins = proptest::sample::select(vec![LeafPins::Ignore, LeafPins::Allow]);
    let directory = proptest::option::of(Just(String::from("/var/lib/starttls/")));
    (level, lowest, leaf_pins, directory).prop_map(|(level, lowest, leaf_pins, anchors_directory)| {
        SocketmapFacts { level, lowest, leaf_pins, anchors_directory }
    })
}

proptest! {
    #[test]
    fn nothing_comes_out_but_the_closed_grammar(
        cases in properties::cases(),
        facts in facts_of_servers(),
        mx in properties::patterns(),
        seconds in any::<u64>(),
        is_same in any::<bool>(),
        mode in proptest::sample::select(vec![Mode::None, Mode::Testing, Mode::Enforce]),
    ) {
        let socketmap = Socketmap::new(facts).unwrap();
        for case in &cases {
            let mx = if is_same { case.mx.clone() } else { mx.clone() };
            let sts = StsPolicy { mode, mx, max_age: Duration::from_secs(seconds), ..published(case) };
            for form in FORMS {
                let answered = socketmap.answer(&case.decision(), form, Some(&sts));
                let Reply::Policy(text) = &answered.answer else {
                    prop_assert_eq!(&answered.anchor_file, &None);
                    continue;
                };
                prop_assert!(text.len() <= MAX_ANSWER_BYTES);
                let parsed = match form {
                    Form::Tlsrpt => Answer::parse_reply(text, case.domain.as_str()),
                    Form::Plain | Form::Sendmail => Answer::parse(text, case.domain.as_str()),
                };
                let parsed = parsed.unwrap_or_else(|error| panic!("{error}: {text}"));
                prop_assert!(parsed.mx_patterns.is_empty() || (form == Form::Tlsrpt && case.origin == Origin::MtaSts));
                prop_assert!(parsed.quotation.is_none() || is_same || sts.mx == case.mx);
                prop_assert!(form == Form::Tlsrpt || !text.contains(">="), "{}", text);
                prop_assert_eq!(parsed.anchors.is_some(), answered.anchor_file.is_some());
                if let Some(file) = &answered.anchor_file {
                    prop_assert_eq!(Postfix.check(&file.name, &file.text), Ok(()));
                    prop_assert!(parsed.anchors.is_some_and(|path| path.ends_with(&file.name)));
                }
                if form == Form::Sendmail {
                    prop_assert_eq!(parsed.level, Level::Secure);
                    prop_assert!(!parsed.names.is_empty() && parsed.server_name == ServerName::MxHost);
                    prop_assert!(parsed.lowest.is_none() && parsed.anchors.is_none());
                }
            }
        }
    }
}

mod the_closed_grammar {
    use super::*;

    const START: &str =
        "secure match=mx.a.example policy_type=sts policy_domain=a.example mx_host_pattern=mx.a.example";
    const QUOTED: &str = " policy_ttl=60 { policy_string = version: STSv1 } { policy_string = mode: enforce } \
                          { policy_string = mx: mx.a.example } { policy_string = max_age: 60 }";

    #[test]
    fn knows_what_reports_quote() {
        let text = format!("{START}{QUOTED}");
        let parsed = Answer::parse_reply(&text, "a.example").unwrap();
        assert_eq!(parsed.quotation, Some(Quotation { mode: Mode::Enforce, max_age_seconds: 60 }));
        assert!(Answer::parse(&text, "a.example").is_err(), "a table quotes nothing");
        let may = START.replace("secure match=mx.a.example", "may");
        assert!(Answer::parse_reply(&may, "a.example").is_ok());
        assert!(Answer::parse(&may, "a.example").is_err(), "a table has no patterns at `may`");
    }

    #[test]
    fn refuses_whatever_else_stands_in_braces() {
        for (from, to) in [
            ("version: STSv1", "version: STSv2"),
            ("mode: enforce", "mode: testing"),
            ("mode: enforce", "mode: enforce } { policy_string = mode: none"),
            ("mx: mx.a.example", "mx: evil.example"),
            ("mx: mx.a.example", "mx: *"),
            ("mx: mx.a.example", "mx: mx.a.example servername=evil"),
            ("{ policy_string = mx: mx.a.example } ", ""),
            ("max_age: 60", "max_age: 61"),
            ("max_age: 60", "max_age: 060"),
            ("max_age: 60", "x-ext: }"),
            ("policy_ttl=60", "policy_ttl=060"),
            ("policy_ttl=60", "policy_ttl=-1"),
            ("policy_ttl=60 ", ""),
            ("policy_string =", "policy_string="),
            ("policy_string =", "policy_failure ="),
            (" } {", "}{"),
        ] {
            let changed = format!("{START}{QUOTED}").replacen(from, to, 1);
            assert!(Answer::parse_reply(&changed, "a.example").is_err(), "{changed}");
        }
        for behind in [
            " ",
            "x",
            " x",
            " protocols=<=TLSv1",
            " { protocols = <=TLSv1 }",
            "\n",
            " policy_failure=sts-policy-invalid",
        ] {
            let text = format!("{START}{QUOTED}{behind}");
            assert!(Answer::parse_reply(&text, "a.example").is_err(), "{text}");
        }
        let many = format!(
            "may policy_type=sts policy_domain=a.example{}",
            " mx_host_pattern=mx.a.example".repeat(257)
        );
        assert!(matches!(Answer::parse_reply(&many, "a.example"), Err(LineError::TooMany { .. })));
    }
}
