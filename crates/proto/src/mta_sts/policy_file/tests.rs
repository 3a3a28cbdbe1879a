//! Claims about policy files.

use alloc::format;
use alloc::string::{String, ToString};

use super::*;

const GOOD: &str =
    "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n";

fn parse(text: &str) -> Result<PolicyFile, PolicyFileError> {
    PolicyFile::parse(text.as_bytes())
}

/// An enforcing policy with these lines behind it.
fn with(lines: &str) -> Result<PolicyFile, PolicyFileError> {
    parse(&format!("version: STSv1\nmode: enforce\nmax_age: 604800\n{lines}"))
}

fn patterns(file: &PolicyFile) -> Vec<String> {
    file.mx.iter().map(ToString::to_string).collect()
}

mod rfc8461_section_3_2 {
    use super::*;

    #[test]
    fn example_is_read() {
        let file = parse(GOOD).unwrap();
        assert_eq!((file.mode, file.max_age.as_secs()), (Mode::Enforce, 604_800));
        assert_eq!(patterns(&file), ["mail.example.com", "*.example.net"]);
    }

    #[test]
    fn line_ends_and_blanks_change_nothing() {
        let want = parse(GOOD).unwrap();
        for text in [
            GOOD.replace("\r\n", "\n"),
            GOOD.trim_end().to_owned(),
            format!("{GOOD}\r\n"),
            format!("{GOOD}\n\n \t\r\n\n"),
            GOOD.replace("\r\n", "\r\n\r\n"),
            GOOD.replace("\r\n", " \t\r\n"),
            GOOD.replace(": ", ":"),
            GOOD.replace(": ", ":\t  "),
            format!("\n  {GOOD}"),
            format!("\u{feff}{GOOD}"),
        ] {
            assert_eq!(parse(&text), Ok(want.clone()), "{text:?}");
        }
    }

    #[test]
    fn keys_stand_in_any_order() {
        let lines: Vec<_> = GOOD.lines().collect();
        let backwards: Vec<_> = lines.into_iter().rev().collect();
        let file = parse(&backwards.join("\n")).unwrap();
        assert_eq!(patterns(&file), ["*.example.net", "mail.example.com"], "patterns keep the file's order");
    }

    #[test]
    fn first_value_wins() {
        let twice = "version: STSv2\nmode: none\nmax_age: 1\nmode: what\nmax_age: soon\n";
        assert_eq!(
            parse(&format!("{GOOD}{twice}")),
            parse(GOOD),
            "a duplicate mode does not switch the policy off"
        );
        let file = parse(&format!("mode: none\n{GOOD}")).unwrap();
        assert_eq!(file.mode, Mode::None);
    }

    #[test]
    fn unknown_keys_count_for_nothing() {
        for line in [
            "x-ext: } policy_type=sts { a = b",
            "x: ",
            "x:",
            "x:y:z",
            "MX: *.com",
            "Mode: none",
            "mx.: *",
            "0_-.: \u{202e}",
            "x: \u{0}\u{1}\r",
        ] {
            assert_eq!(parse(&format!("{line}\n{GOOD}{line}")), parse(GOOD), "{line:?}");
        }
        let not_utf8 = [GOOD.as_bytes(), b"x: \xff\xfe\n"].concat();
        assert_eq!(PolicyFile::parse(&not_utf8), parse(GOOD));
    }

    #[test]
    fn lines_that_are_no_pairs_make_no_policy() {
        let long = "n".repeat(33);
        for line in [
            "x",
            "mode enforce",
            ": x",
            "mode : none",
            "-x: y",
            "a b: c",
            "<html>:",
            "é: x",
            &format!("{long}: x"),
            "\0",
        ] {
            assert_eq!(
                parse(&format!("{GOOD}{line}\n")),
                Err(PolicyFileError::NotAPair { line: 6 }),
                "{line:?}"
            );
        }
        assert_eq!(parse("<!DOCTYPE html>"), Err(PolicyFileError::NotAPair { line: 1 }));
        assert_eq!(parse(&GOOD.replace("\r\n", "\r")), Err(PolicyFileError::Version { line: 1 }));
    }

    #[test]
    fn version_mode_and_max_age_are_required() {
        assert_eq!(parse(""), Err(PolicyFileError::Missing { key: "version" }));
        for key in ["version", "mode", "max_age"] {
            let without: Vec<_> = GOOD.lines().filter(|line| !line.starts_with(key)).collect();
            assert_eq!(parse(&without.join("\n")), Err(PolicyFileError::Missing { key }));
        }
    }

    #[test]
    fn version_is_stsv1() {
        for version in ["STSv2", "stsv1", "STSv1;", "STSv1 ; x", "\"STSv1\"", "", "STSv10"] {
            let text = GOOD.replace("STSv1", version);
            assert_eq!(parse(&text), Err(PolicyFileError::Version { line: 1 }), "{version:?}");
        }
    }

    #[test]
    fn mode_is_one_of_three_words() {
        assert_eq!(parse(&GOOD.replace("enforce", "testing")).unwrap().mode, Mode::Testing);
        for mode in [
            "Enforce",
            "ENFORCE",
            "report",
            "enforce;",
            "",
            "enforce testing",
            "enforce\u{0}",
            "\u{202e}enforce",
        ] {
            let text = GOOD.replace("enforce", mode);
            assert_eq!(parse(&text), Err(PolicyFileError::Mode { line: 2 }), "{mode:?}");
        }
    }

    #[test]
    fn max_age_is_a_number_of_seconds() {
        for (got, want) in [("0", 0), ("1", 1), ("0000000000060", 60), ("31557600", 31_557_600)] {
            assert_eq!(parse(&GOOD.replace("604800", got)).unwrap().max_age.as_secs(), want);
        }
        for got in ["", "-1", "+60", "1e3", "60s", "6 0", "0x10", "٣", "1.5"] {
            let text = GOOD.replace("604800", got);
            assert_eq!(parse(&text), Err(PolicyFileError::MaxAge { line: 5 }), "{got:?}");
        }
    }

    #[test]
    fn max_age_above_a_year_is_a_year() {
        for got in ["31557601", "63072000", "99999999999", "18446744073709551616", &"9".repeat(1000)] {
            assert_eq!(parse(&GOOD.replace("604800", got)).unwrap().max_age, MAX_AGE_LIMIT, "{got}");
        }
    }

    #[test]
    fn mx_is_required_except_in_mode_none() {
        for mode in ["enforce", "testing"] {
            let text = format!("version: STSv1\nmode: {mode}\nmax_age: 1\n");
            assert_eq!(parse(&text), Err(PolicyFileError::Missing { key: "mx" }));
        }
        assert_eq!(parse("version: STSv1\nmode: none\nmax_age: 1\n").unwrap().mx, []);
    }
}

mod mx_patterns {
    use super::*;

    #[test]
    fn are_names_in_lower_case_a_labels() {
        for (mx, want) in [
            ("mail.example.com", "mail.example.com"),
            ("MAIL.Example.COM", "mail.example.com"),
            ("mail.example.com.", "mail.example.com"),
            ("*.example.com.", "*.example.com"),
            ("mail.bücher.example", "mail.xn--bcher-kva.example"),
            ("*.xn--bcher-kva.example", "*.xn--bcher-kva.example"),
            ("*.github.io", "*.github.io"),
        ] {
            assert_eq!(patterns(&with(&format!("mx: {mx}\n")).unwrap()), [want], "{mx}");
        }
    }

    #[test]
    fn that_cannot_be_used_are_left_out() {
        for mx in [
            "",
            "*",
            "*.",
            "**.example.com",
            "a b=c servername=evil",
            "mail.example.com:hostname",
            "mail.example.com,tafile=/etc/passwd",
            "mail.example.com mail2.example.com",
            "mail.example.com, mail2.example.com",
            "*.com",
            "*.co.uk",
            "com",
            "localhost",
            "hostname",
            "nexthop",
            "192.0.2.1",
            "[192.0.2.1]",
            "mail..example.com",
            "mail.example.com..",
            ".",
            "-mail.example.com",
            "mail_1.example.com",
            "mail.*.example.com",
            "mail*.example.com",
            "mail.example.com\u{0}",
            "mail.example.com\rmode: none",
            "xn--a.example",
            "} x {",
            "$mail.example.com",
            &format!("{}.example.com", "a".repeat(64)),
            &format!("{}.com", "abcdefg.".repeat(40)),
            &"ü".repeat(1_000),
        ] {
            for lines in
                [format!("mx: good.example.com\nmx: {mx}\n"), format!("mx: {mx}\nmx: good.example.com\n")]
            {
                let file = with(&lines).unwrap();
                assert_eq!(
                    (patterns(&file), file.left_out.count()),
                    (vec!["good.example.com".into()], 1),
                    "{mx:?}"
                );
            }
            let error = with(&format!("mx: {mx}\nmx: {mx}\n")).unwrap_err();
            assert!(matches!(error, PolicyFileError::NoUsableMx { count: 2, .. }), "{mx:?}: {error:?}");
        }
        let not_utf8 = [GOOD.as_bytes(), b"mx: a\xff.example.com\n"].concat();
        let file = PolicyFile::parse(&not_utf8).unwrap();
        assert_eq!(file.left_out.first(), Some(&UnusableMx::Invalid { line: 6, cause: None }));
    }

    #[test]
    fn that_are_left_out_are_told_as_invalid_or_valid() {
        let first = |mx: &str| {
            let file = with(&format!("mx: good.example.com\nmx: {mx}\n")).unwrap();
            file.left_out.first().cloned().unwrap()
        };
        for valid in ["*.com", "*.co.uk", "localhost", "192.0.2.1", "a.example.o", "XN--A.example"] {
            assert!(matches!(first(valid), UnusableMx::Unsuitable { line: 5, .. }), "{valid}");
        }
        for invalid in [
            "*",
            "*.",
            "",
            ".",
            "mail_1.example.com",
            "-mail.example.com",
            "mail..example.com",
            "a b.example.com",
            ".example.com",
            "*.*.example.com",
            "mail.example.com:25",
            "bü_cher.example",
        ] {
            assert!(matches!(first(invalid), UnusableMx::Invalid { line: 5, .. }), "{invalid}");
        }
    }

    #[test]
    fn fault_four_hundred_of_them_make_a_policy() {
        let lines = (0..400).fold(String::new(), |text, n| format!("{text}mx: mx{n}.mail.example.com\n"));
        assert_eq!(with(&lines).unwrap().mx.len(), 400);
    }

    /// By the grammar all are valid but the last four: a `Domain` (RFC 5321 §4.1.2) may have one label, or look like an address.
    #[test]
    fn fault_that_cannot_be_used_do_not_reject_the_others() {
        for mx in [
            "*.com",
            "*.co.uk",
            "localhost",
            "192.0.2.1",
            "xn--a.example",
            &format!("{}.example.com", "a".repeat(64)),
            "mail_1.example.com",
            "*",
            "",
            "mail.example.com, mail2.example.com",
        ] {
            for lines in
                [format!("mx: good.example.com\nmx: {mx}\n"), format!("mx: {mx}\nmx: good.example.com\n")]
            {
                assert_eq!(patterns(&with(&lines).unwrap()), ["good.example.com"], "{mx}");
            }
        }
    }

    /// Early drafts of RFC 8461 wrote a leading dot; lists of ours mean any depth by it.
    #[test]
    fn never_begin_with_a_dot() {
        for mx in [".example.com", "*..example.com"] {
            let PolicyFileError::NoUsableMx { first, .. } = with(&format!("mx: {mx}\n")).unwrap_err() else {
                panic!()
            };
            assert!(matches!(first, UnusableMx::Invalid { line: 4, .. }), "{first:?}");
        }
    }

    #[test]
    fn that_cannot_be_read_do_not_keep_a_domain_from_taking_its_policy_back() {
        let file =
            parse("version: STSv1\nmode: none\nmx: *\nmx: a b\nmx: mail.example.com\nmax_age: 60\n").unwrap();
        assert_eq!((file.mode, patterns(&file)), (Mode::None, alloc::vec![String::from("mail.example.com")]));
    }

    #[test]
    fn count_once() {
        let file =
            with("mx: mail.example.com\nmx: *.example.com\nmx: MAIL.example.com.\nmx: *.example.com\n")
                .unwrap();
        assert_eq!(patterns(&file), ["mail.example.com", "*.example.com"]);
    }

    #[test]
    fn have_a_limit() {
        let lines = |count: usize| (0..count).fold(String::new(), |text, n| format!("{text}mx: {n}.xx.de\n"));
        assert_eq!(with(&lines(MAX_PATTERNS)).unwrap().mx.len(), MAX_PATTERNS);
        assert_eq!(with(&lines(100).repeat(20)).unwrap().mx.len(), 100, "each counts once");
        let file = with(&lines(MAX_PATTERNS + 1)).unwrap();
        assert_eq!((file.mx.len(), file.left_out.count()), (MAX_PATTERNS, 1));
        assert_eq!(file.left_out.first(), Some(&UnusableMx::TooMany { line: MAX_PATTERNS + 4 }));
    }
}

mod limits {
    use super::*;

    #[test]
    fn of_64_kib_are_kept() {
        let fill = |bytes: usize| format!("{GOOD}x: {}", "x".repeat(bytes - GOOD.len() - 3));
        assert_eq!(parse(&fill(MAX_FILE_BYTES)), parse(GOOD));
        assert_eq!(
            parse(&fill(MAX_FILE_BYTES + 1)),
            Err(PolicyFileError::TooLong { bytes: MAX_FILE_BYTES + 1 })
        );
    }

    #[test]
    fn hold_for_the_dearest_file() {
        let name = |n: usize| format!("mx: {n}.ü.example\n");
        let text: String = (0..MAX_FILE_BYTES / 20).map(name).collect();
        let file = with(&text).unwrap();
        let text_bytes: usize = file.mx.iter().map(|pattern| pattern.to_string().len() + 1).sum();
        assert!(text_bytes <= MAX_PATTERN_TEXT_BYTES, "A-labels are longer: {text_bytes}");
        assert!(with(&"\n".repeat(60_000)).is_err());
    }
}

proptest::proptest! {
    #[test]
    fn whatever_is_read_could_have_been_written_plainly(
        lines in proptest::collection::vec(
            proptest::prop_oneof![
                proptest::prelude::Just("version: STSv1".to_owned()),
                "(mode: ?(enforce|testing|none|Enforce))[ \r]?",
                "max_age: ?[0-9]{0,12}",
                "mx: ?(\\*\\.)?[a-zA-Zü]{1,8}\\.(example|com|org\\.)[ \r]?",
                "mx: [ -~]{0,20}",
                "[a-z-]{0,5}:? ?\\PC{0,12}",
            ],
            0..9,
        )
    ) {
        let text = lines.join("\n");
        let Ok(file) = PolicyFile::parse(text.as_bytes()) else { return Ok(()) };
        proptest::prop_assert!(file.mode == Mode::None || !file.mx.is_empty());
        proptest::prop_assert!(file.max_age <= MAX_AGE_LIMIT && file.mx.len() <= MAX_PATTERNS);
        proptest::prop_assert!(file.mode != Mode::None || file.left_out.count() == 0);
        proptest::prop_assert!(file.mx.iter().all(|pattern| pattern.reach() != Reach::AnyDepth));
        let mut plain = format!("version: STSv1\nmode: {}\nmax_age: {}\n", file.mode, file.max_age.as_secs());
        plain.extend(file.mx.iter().map(|pattern| format!("mx: {pattern}\n")));
        let file = PolicyFile { left_out: LeftOut::default(), ..file };
        proptest::prop_assert_eq!(PolicyFile::parse(plain.as_bytes()), Ok(file));
    }
}
