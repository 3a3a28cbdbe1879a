//! Claims that hold for whatever policies and servers there are.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use starttls_policy::Reach;

const LEVELS: [&str; 8] = ["none", "may", "encrypt", "fingerprint", "dane", "dane-only", "verify", "secure"];
const VERSIONS: [&str; 9] =
    ["2.11", "3.3.1", "3.4", "3.5.25", "3.7.11", "3.9.1", "3.10.3", "3.10.13", "3.11.2"];

pub(super) fn patterns() -> impl Strategy<Value = Vec<MxPattern>> {
    let reach = proptest::sample::select(vec![Reach::Exact, Reach::OneLabel, Reach::AnyDepth]);
    let few = vec((reach, 0..4_u32), 0..5).prop_map(|few| {
        let name = |n| format!("{}.example.net", ["mx", "a-b.mx", "0", "xn--bcher-kva"][n as usize]);
        few.into_iter().map(|(reach, n)| MxPattern::new(reach, &name(n)).unwrap()).collect()
    });
    let many = (100..300_u32).prop_map(|count| {
        let name = |n| format!("mx{}.example.net", n % 150);
        (0..count).map(|n| MxPattern::new(Reach::Exact, &name(n)).unwrap()).collect()
    });
    prop_oneof![50 => few, 1 => many]
}

fn pinsets() -> impl Strategy<Value = Option<Pinset>> {
    let key = any::<[u8; 32]>().prop_map(|public| {
        let mut der = key().der()[..12].to_vec();
        der.extend(public);
        Pin::Key(Spki::from_der(der).unwrap())
    });
    let pin = prop_oneof![
        3 => key,
        2 => any::<[u8; 32]>().prop_map(Pin::Sha256),
        1 => Just(Pin::parse_hash("sha1/5R0zeLx7EWRxqw6HRlgCRxNLHDo=").unwrap()),
    ];
    let pins = prop_oneof![50 => vec(pin.clone(), 1..5), 1 => vec(pin.clone(), 130..150)];
    let pinset = (any::<bool>(), pins, vec(pin, 0..2)).prop_map(|(is_leaf, pins, bad)| Pinset {
        name: Label::parse("pins").unwrap(),
        kind: if is_leaf { PinKind::Leaf } else { PinKind::TrustAnchor },
        pins: pins.into(),
        bad: bad.into(),
    });
    proptest::option::weighted(0.4, pinset)
}

pub(super) fn cases() -> impl Strategy<Value = Vec<Case>> {
    let action = prop_oneof![
        6 => Just(What::Require),
        1 => proptest::sample::select(vec![
            What::Opportunistic, What::Relaxed, What::LogOnly, What::Dane, What::DaneOnly, What::Defer,
        ]),
    ];
    let origin = proptest::sample::select(vec![Origin::Override, Origin::MtaSts, Origin::List]);
    let requirement = proptest::sample::select(vec![Requirement::Tls, Requirement::Certificate]);
    let min_tls = proptest::option::of(proptest::sample::select(TlsVersion::ALL.to_vec()));
    let case = (action, origin, requirement, patterns(), min_tls, pinsets());
    vec(case, 0..8).prop_map(|cases| {
        let with_domain = cases.into_iter().zip(0..).map(|(case, index)| {
            let (action, origin, requirement, mx, min_tls, pinset) = case;
            let domain = Domain::parse(&format!("d{index}.example")).unwrap();
            Case { domain, action, origin, requirement, mx, min_tls, pinset }
        });
        with_domain.collect()
    })
}

fn servers() -> impl Strategy<Value = Facts> {
    let level = proptest::option::of(proptest::sample::select(LEVELS.to_vec()));
    let reports = proptest::option::of(proptest::sample::select(vec!["yes", "no"]));
    let protocols =
        proptest::option::of(proptest::sample::select(vec![">=TLSv1", ">=TLSv1.3", "!SSLv2,!SSLv3"]));
    let version = proptest::sample::select(VERSIONS.to_vec());
    (version, level, reports, protocols, any::<bool>()).prop_map(
        |(version, level, reports, protocols, allow)| {
            let set = [
                ("smtp_tls_security_level", level),
                ("smtp_tlsrpt_enable", reports),
                ("smtp_tls_mandatory_protocols", protocols),
            ];
            let set: Vec<_> =
                set.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))).collect();
            let leaf_pins = if allow { LeafPins::Allow } else { LeafPins::Ignore };
            Facts { version: Some(version.into()), leaf_pins, ..facts(&set, &[]) }
        },
    )
}

/// What the line must say, told once more, from the decision alone.
#[derive(Debug, Default, PartialEq)]
struct Wanted {
    level: &'static str,
    names: Vec<String>,
    lowest: Option<TlsVersion>,
    digests: usize,
    has_anchors: bool,
    mx_patterns: Vec<String>,
}

impl Wanted {
    fn of(case: &Case, facts: &Facts) -> Option<Self> {
        let own_level = facts.settings.get("smtp_tls_security_level").map(String::as_str);
        let is_mandatory = !matches!(own_level, None | Some("none" | "may" | "dane"));
        let simple = |level| Some(Self { level, ..Self::default() });
        match case.action {
            What::Relaxed => simple("may"),
            What::LogOnly if own_level == Some("none") => simple("may"),
            What::Dane if !is_mandatory => simple("dane"),
            What::Opportunistic | What::LogOnly | What::Dane | What::Defer => None,
            What::DaneOnly => simple("dane-only"),
            What::Require => Self::of_demand(case, facts, own_level),
        }
    }

    fn of_demand(case: &Case, facts: &Facts, own_level: Option<&str>) -> Option<Self> {
        let own_lowest =
            facts.settings.get("smtp_tls_mandatory_protocols").map(|value| match value.as_str() {
                ">=TLSv1.3" => TlsVersion::Tls13,
                _ => TlsVersion::Tls10,
            });
        let lowest = case.min_tls.map(|version| own_lowest.map_or(version, |own| own.max(version)));
        let base = Self { lowest, ..Self::default() };
        let digests = case.pinset.as_ref().map_or(0, |pinset| {
            let all: Vec<_> = pinset.leaf_hashes().collect();
            let distinct: std::collections::BTreeSet<_> = all.iter().collect();
            if all.len() > MAX_NAMES { 0 } else { distinct.len() }
        });
        if digests > 0 && facts.leaf_pins == LeafPins::Allow {
            return Some(Self { level: "fingerprint", digests, ..base });
        }
        let checking =
            own_level.filter(|own| matches!(*own, "fingerprint" | "dane-only" | "verify" | "secure"));
        let encrypt = LEVELS.into_iter().find(|level| Some(*level) == checking).unwrap_or("encrypt");
        let distinct = |text: &dyn Fn(&MxPattern) -> String| {
            let mut names: Vec<String> = Vec::new();
            for name in case.mx.iter().map(text) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names
        };
        let names = distinct(&|pattern| pattern.to_string().replace('*', ""));
        if case.requirement == Requirement::Tls || names.len() > MAX_NAMES {
            // At `dane` a line would end the use of TLSA records.
            return (own_level != Some("dane")).then_some(Self { level: encrypt, ..base });
        }
        let has_anchors = case.pinset.as_ref().is_some_and(|pinset| pinset.trust_anchors().next().is_some());
        let level = if names.is_empty() { "verify" } else { "secure" };
        let is_new = matches!(facts.version.as_deref(), Some("3.10.13" | "3.11.2"));
        let reports = facts.settings.get("smtp_tlsrpt_enable").map(String::as_str);
        let may_say_sts = case.origin == Origin::MtaSts || reports == Some("no");
        let is_shallow = case.mx.iter().all(|pattern| pattern.reach() != Reach::AnyDepth);
        let mx_patterns = if is_new && may_say_sts && is_shallow {
            distinct(&|pattern| pattern.to_string())
        } else {
            Vec::new()
        };
        Some(Self { level, names, has_anchors, mx_patterns, ..base })
    }

    fn read(answer: &Answer<'_>) -> Self {
        let text = |patterns: &[Pattern<'_>]| {
            let show = |pattern: &Pattern<'_>| match pattern.reach {
                Reach::Exact => pattern.name.to_owned(),
                Reach::OneLabel => format!("*.{}", pattern.name),
                Reach::AnyDepth => format!(".{}", pattern.name),
            };
            patterns.iter().map(show).collect()
        };
        Self {
            level: answer.level.name(),
            names: text(&answer.names),
            lowest: answer.lowest.map(|(_, version)| version),
            digests: answer.digests.len(),
            has_anchors: answer.anchors.is_some(),
            mx_patterns: text(&answer.mx_patterns),
        }
    }
}

proptest! {
    #[test]
    fn each_line_says_what_the_decision_asks(cases in cases(), server in servers()) {
        let (files, summary) = render(&server, &cases);
        let mut lines = files.table().lines();
        for case in &cases {
            if let Some(wanted) = Wanted::of(case, &server) {
                let line = Line::parse(lines.next().unwrap()).unwrap();
                prop_assert_eq!(line.domain, case.domain.as_str());
                prop_assert_eq!(Wanted::read(&line.answer), wanted);
                if let Some(path) = line.answer.anchors {
                    let file = path.strip_prefix("/etc/postfix/starttls/").unwrap();
                    let keys = case.pinset.iter().flat_map(Pinset::trust_anchors);
                    for key in keys {
                        let base64 = files.0[file].replace('\n', "");
                        prop_assert!(base64.contains(&key.to_base64()));
                    }
                }
            }
        }
        prop_assert_eq!(lines.next(), None);
        let required = cases.iter().filter(|case| case.action == What::Require).count();
        let kept = summary.shortfalls.get("postfix.level-kept").map_or(0, |shortfall| shortfall.count);
        prop_assert!(summary.enforced + kept >= required as u64);
    }

    #[test]
    fn no_line_holds_a_character_that_could_mean_something_else(cases in cases(), server in servers()) {
        let (files, _) = render(&server, &cases);
        for line in files.table().lines() {
            let is_safe = |c: char| c.is_ascii_alphanumeric() || " .-_:=|*!>/{}".contains(c);
            prop_assert!(line.chars().all(is_safe), "{line}");
            prop_assert!(!line.contains("  ") && !line.ends_with(' ') && !line.contains("=hostname:"), "{line}");
            prop_assert!(!line.contains("match=hostname") && !line.contains(":hostname"), "{line}");
            prop_assert!(line.len() < 100_000, "a policy server's answer may not be longer");
        }
    }

    #[test]
    fn fault_each_line_has_policy_type_strings_and_patterns_or_none_of_them(cases in cases(), server in servers()) {
        let (files, _) = render(&server, &cases);
        for line in files.table().lines() {
            let has = |word: &str| line.contains(word);
            prop_assert_eq!(has(" policy_type="), has(" { policy_string = "), "{}", line);
            prop_assert_eq!(has(" policy_type="), has(" mx_host_pattern="), "{}", line);
        }
    }

    #[test]
    fn no_version_sees_what_it_does_not_know(cases in cases(), server in servers()) {
        let (files, _) = render(&server, &cases);
        let version = Version::parse(server.version.as_deref().unwrap()).unwrap();
        for (word, since) in [
            ("servername=", Version::new(3, 4, 0)),
            ("protocols=>", Version::new(3, 6, 0)),
            ("policy_type=", Version::new(3, 10, 5)),
            ("mx_host_pattern", Version::new(3, 10, 5)),
        ] {
            prop_assert!(version >= since || !files.table().contains(word), "{word} on {version}");
        }
    }

    #[test]
    fn nothing_smuggled_into_a_line_is_read(
        cases in cases(),
        server in servers(),
        at in any::<proptest::sample::Index>(),
        what in "[,{}$\t\r\0\"\\\\;#@'`()<&%A-Z\u{fc}]| (ciphers=low|match=hostname|match=nexthop|protocols=<=TLSv1|tafile=/etc/passwd)",
    ) {
        let (files, _) = render(&server, &cases);
        let mut lines: Vec<String> = files.table().lines().map(str::to_owned).collect();
        if !lines.is_empty() {
            let index = at.index(lines.len());
            let line = &mut lines[index];
            let spot = at.index(line.len() + 1);
            line.insert_str(spot, &what);
            let changed = line.clone();
            if let Ok(line) = Line::parse(&changed) {
                // A letter that fits into a digest or a key file's path changes nothing but that.
                let before = Line::parse(files.table().lines().nth(index).unwrap()).unwrap();
                prop_assert_eq!(&line.answer.names, &before.answer.names, "{}", changed);
                prop_assert_eq!(line.answer.level, before.answer.level);
                prop_assert!(line.answer.anchors.is_some(), "{}", changed);
            }
        }
    }

    #[test]
    fn no_text_makes_the_check_panic(
        text in prop_oneof![
            "\\PC{0,80}",
            "([a-z.*:|= -]|match=|secure|fingerprint|dane|protocols=>=TLSv1|tafile=/|policy_type=sts|\n|\u{fc}){0,30}",
        ],
        file in prop_oneof![
            Just(TABLE.to_owned()),
            Just(FRAGMENT.to_owned()),
            Just(format!("anchors/{}.pem", "0".repeat(64))),
            "\\PC{0,20}",
        ],
        cases in cases(),
        cut in any::<proptest::sample::Index>(),
    ) {
        let (files, _) = render(&version("3.10.13"), &cases);
        let _ = Postfix.check(&file, &text);
        let _ = Postfix.check(&file, &format!("{TABLE_HEADER}{text}"));
        for (name, whole) in &files.0 {
            let mut bytes = whole.clone().into_bytes();
            bytes.insert(cut.index(bytes.len() + 1), text.bytes().next().unwrap_or(b'\n'));
            let _ = Postfix.check(name, &String::from_utf8_lossy(&bytes));
            bytes.truncate(cut.index(bytes.len()));
            let _ = Postfix.check(name, &String::from_utf8_lossy(&bytes));
        }
    }
}
