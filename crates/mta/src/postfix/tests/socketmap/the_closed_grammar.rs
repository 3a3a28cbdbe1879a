//! What comes out, and what reading it back accepts.

use proptest::prelude::*;

use super::super::properties;
use super::*;

const START: &str =
    "secure match=mx.a.example policy_type=sts policy_domain=a.example mx_host_pattern=mx.a.example";
const QUOTED: &str = " policy_ttl=60 { policy_string = version: STSv1 } { policy_string = mode: enforce } \
                      { policy_string = mx: mx.a.example } { policy_string = max_age: 60 }";

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
    fn fault_nothing_comes_out_but_the_closed_grammar_with_policy_strings_beside_policy_type(
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
                prop_assert_eq!(text.contains(" policy_type="), text.contains(" { policy_string = "));
                prop_assert_eq!(text.contains(" policy_type="), text.contains(" mx_host_pattern="));
                let parsed = match form {
                    Form::Tlsrpt => Answer::parse_reply(text, case.domain.as_str()),
                    Form::Plain | Form::Sendmail => Answer::parse(text, case.domain.as_str()),
                };
                let parsed = parsed.unwrap_or_else(|error| panic!("{error}: {text}"));
                prop_assert!(parsed.mx_patterns.is_empty() || (form == Form::Tlsrpt && case.origin == Origin::MtaSts));
                let is_whole = parsed.quotation.is_some_and(|quotation| quotation.max_age_seconds.is_some());
                prop_assert!(!is_whole || is_same || sts.mx == case.mx);
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

#[test]
fn knows_what_reports_quote() {
    let text = format!("{START}{QUOTED}");
    let parsed = Answer::parse_reply(&text, "a.example").unwrap();
    assert_eq!(parsed.quotation, Some(Quotation { mode: Mode::Enforce, max_age_seconds: Some(60) }));
    assert!(Answer::parse(&text, "a.example").is_err(), "a table quotes nothing");
    let may = text.replace("secure match=mx.a.example", "may");
    assert!(Answer::parse_reply(&may, "a.example").is_ok());
    assert!(Answer::parse_reply(START, "a.example").is_err(), "a type without strings");
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
    let patterns = " mx_host_pattern=mx.a.example".repeat(crate::postfix::MAX_NAMES + 1);
    let many = format!("may policy_type=sts policy_domain=a.example{patterns}");
    assert!(matches!(Answer::parse_reply(&many, "a.example"), Err(LineError::TooMany { .. })));
}
