//! Claims about servers: what is refused, advised, activated and taken back.

use super::*;

fn known(settings: &[(&str, &str)]) -> Facts {
    Facts { version: Some("3.7.11".into()), ..facts(settings, &[]) }
}

fn refusal(facts: &Facts) -> Finding {
    match Postfix.renderer(facts) {
        Ok(_) => panic!("{facts:?} was accepted"),
        Err(finding) => finding,
    }
}

fn advice(facts: &Facts) -> Vec<Finding> {
    Postfix.renderer(facts).unwrap().advice()
}

fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.code).collect()
}

fn lines(facts: &Facts, case: Case) -> String {
    render(facts, &[case]).0.table().to_owned()
}

#[test]
fn that_cannot_be_served_are_refused_with_a_cure() {
    let directory = |directory: &str| Facts { directory: directory.into(), ..version("3.7") };
    for (facts, code) in [
        (version("2.10.9"), "postfix.too-old"),
        (version("2.11-20130405"), "postfix.too-old"),
        (version("latest"), "postfix.version"),
        (version("3.7\u{1b}[31m"), "postfix.version"),
        (Facts { table: Some("pcre".into()), ..version("3.7") }, "postfix.table-type"),
        (directory(""), "postfix.directory"),
        (directory("starttls"), "postfix.directory"),
        (directory("/etc/post fix"), "postfix.directory"),
        (directory("/etc/$mail"), "postfix.directory"),
        (directory("/etc/a,b"), "postfix.directory"),
        (directory(&"/a".repeat(600)), "postfix.directory"),
        (Facts { directory_in_chroot: Some("a:b".into()), ..version("3.7") }, "postfix.directory"),
    ] {
        let finding = refusal(&facts);
        assert_eq!(finding.code, code);
        assert_eq!(finding.severity, Severity::Error);
        assert!(!finding.cure.is_empty() && !finding.message.contains('\u{1b}'), "{finding:?}");
    }
    assert!(
        refusal(&Facts { table: Some("pcre".into()), ..version("3.7") })
            .cure
            .contains("texthash, hash, lmdb, cdb")
    );
}

#[test]
fn without_a_version_are_taken_for_3_7_aloud() {
    let facts = facts(&[], &[]);
    assert_eq!(codes(&advice(&facts)), ["postfix.assumed-version"]);
    assert!(lines(&facts, Case::new("example.org", &["mx.example.org"])).contains("protocols=>=TLSv1.2"));
}

#[test]
fn whose_settings_work_against_the_table_are_told_so() {
    let roots = ("smtp_tls_CAfile", "/etc/ssl/certs/ca-certificates.crt");
    for (name, value, code, severity) in [
        ("relayhost", "[relay.example.org]", "postfix.relayhost", Severity::Error),
        ("transport_maps", "hash:/etc/postfix/transport", "postfix.lookups-bypassed", Severity::Warning),
        ("default_transport", "relay:[a.example.org]", "postfix.lookups-bypassed", Severity::Warning),
        ("smtp_tls_per_site", "hash:/etc/postfix/per_site", "postfix.per-site-replaced", Severity::Error),
        ("smtp_tls_policy_maps", "inline:{a=b", "postfix.policy-maps-open", Severity::Error),
        ("smtp_tls_policy_maps", "hash:/own", "postfix.policy-maps-first", Severity::Info),
        ("smtp_tls_security_level", "dane", "postfix.level-replaced", Severity::Warning),
        ("smtp_tls_security_level", "verify", "postfix.level-replaced", Severity::Warning),
        ("smtp_tls_trust_anchor_file", "/etc/ta.pem", "postfix.trust-anchors", Severity::Warning),
    ] {
        let advice = advice(&known(&[roots, (name, value)]));
        let found = advice.iter().find(|finding| finding.code == code);
        assert_eq!(found.map(|finding| finding.severity), Some(severity), "{name} = {value}: {advice:?}");
    }
    let quiet = known(&[
        roots,
        ("relayhost", ""),
        ("default_transport", "smtp"),
        ("smtp_tls_security_level", "may"),
        ("smtp_tls_policy_maps", "texthash:/etc/postfix/starttls/tls_policy"),
    ]);
    assert_eq!(advice(&quiet), []);
}

#[test]
fn with_a_default_that_names_an_empty_parameter_bypass_nothing() {
    let roots = ("smtp_tls_CAfile", "/etc/ssl/ca.pem");
    let hops =
        |fallback| known(&[roots, ("smtp_fallback_relay", "$fallback_relay"), ("fallback_relay", fallback)]);
    assert_eq!(codes(&advice(&hops(""))), [""; 0]);
    assert_eq!(codes(&advice(&hops("backup.example"))), ["postfix.lookups-bypassed"]);
}

#[test]
fn without_authorities_would_defer_everything() {
    assert_eq!(codes(&advice(&known(&[("relayhost", "")]))), ["postfix.no-roots"]);
    for name in ["smtp_tls_CAfile", "smtp_tls_CApath"] {
        assert_eq!(advice(&known(&[(name, "/etc/ssl")])), []);
    }
    // It adds to a file or path, and loads nothing by itself.
    assert_eq!(codes(&advice(&known(&[("tls_append_default_CA", "yes")]))), ["postfix.no-roots"]);
}

#[test]
fn of_each_version_are_told_of_its_limits() {
    for (text, wanted) in [
        ("3.3.1", &["postfix.no-server-name"][..]),
        ("3.7.11", &[]),
        ("3.10.3", &["postfix.tls-required-no", "postfix.mx-patterns-ignored"]),
        ("3.10.13", &["postfix.tls-required-no", "postfix.mx-patterns-reported"]),
    ] {
        assert_eq!(codes(&advice(&version(text))), wanted, "{text}");
    }
    let hash = Facts { table: Some("hash".into()), ..version("3.11.2") };
    assert!(codes(&advice(&hash)).contains(&"postfix.hash-deprecated"));
    let off = Facts { version: Some("3.10.13".into()), ..facts(&[("tls_required_enable", "no")], &[]) };
    assert!(!codes(&advice(&off)).contains(&"postfix.tls-required-no"));
}

#[test]
fn with_digests_of_another_kind_are_told_before_leaf_pins_break_them() {
    let md5 = known(&[("smtp_tls_fingerprint_digest", "md5"), ("smtp_tls_CApath", "/a")]);
    assert_eq!(advice(&md5), []);
    let allowed = Facts { leaf_pins: LeafPins::Allow, ..md5 };
    assert_eq!(codes(&advice(&allowed)), ["postfix.fingerprint-digest"]);
}

#[test]
fn at_level_none_get_may_for_testing_and_others_no_line() {
    let case = || Case::new("example.org", &["mx.example.org"]).action(What::LogOnly);
    let defaults = [("smtp_use_tls", "no"), ("smtp_enforce_tls", "no"), ("smtp_tls_security_level", "")];
    for (settings, wanted) in [
        (&[][..], ""),
        (&[("smtp_tls_security_level", "none")], "example.org may\n"),
        (&[("relayhost", "")], "example.org may\n"),
        (&[("smtp_use_tls", "yes")], ""),
        (&[("smtp_enforce_tls", "yes")], ""),
        (&[("smtp_tls_security_level", "may")], ""),
        (&[("smtp_tls_security_level", "encrypt")], ""),
        (&[("smtp_tls_security_level", "${x?{none}}")], ""),
    ] {
        let facts = Facts { version: Some("3.7".into()), ..facts(settings, &defaults) };
        assert_eq!(lines(&facts, case()), wanted, "{settings:?}");
    }
}

#[test]
fn that_are_stricter_stay_so() {
    let strict =
        known(&[("smtp_tls_security_level", "verify"), ("smtp_tls_mandatory_protocols", ">=TLSv1.3")]);
    let tls_only = Case::new("example.org", &["mx.example.org"]).tls_only();
    assert_eq!(lines(&strict, tls_only), "example.org verify protocols=>=TLSv1.3\n");
    assert_eq!(lines(&strict, Case::new("example.org", &[]).action(What::Dane)), "");
    let (_, summary) = render(&strict, &[Case::new("example.org", &["mx.example.org"])]);
    assert_eq!(codes(&summary.findings), ["postfix.stricter-protocols"]);
}

#[test]
fn whose_own_checks_a_line_would_end_get_none_where_any_certificate_will_do() {
    let case = || Case::new("example.org", &["mx.example.org"]).tls_only();
    for (level, service, wanted) in [
        ("may", "syslog_name", "example.org encrypt protocols=>=TLSv1.2\n"),
        ("dane-only", "syslog_name", "example.org dane-only protocols=>=TLSv1.2\n"),
        ("secure", "secure", "example.org secure protocols=>=TLSv1.2\n"),
        ("none", "encrypt", "example.org encrypt protocols=>=TLSv1.2\n"),
        ("dane", "syslog_name", ""),
        ("may", "dane", ""),
        ("may", "verify", ""),
        ("secure", "verify", ""),
        ("secure", "may", ""),
    ] {
        let facts = with_service(&[("smtp_tls_security_level", level)], "smtp_tls_security_level", service);
        let (files, summary) = render(&facts, &[case()]);
        assert_eq!(files.table(), wanted, "{level} {service}");
        assert_eq!(summary.shortfalls.contains_key("postfix.level-kept"), wanted.is_empty());
        assert_eq!(summary.unexpressed, u64::from(wanted.is_empty()));
    }
}

/// A server one of whose services has something of its own; `syslog_name` for a setting without weight.
fn with_service(settings: &[(&str, &str)], name: &str, value: &str) -> Facts {
    let name = if value == "syslog_name" { value } else { name };
    let own = [(name.to_owned(), value.to_owned())].into();
    Facts { services: [("smtp/unix".to_owned(), own)].into(), ..known(settings) }
}

#[test]
fn whose_services_are_stricter_than_main_cf_stay_so() {
    let none = [("smtp_tls_security_level", "none"), ("smtp_tls_mandatory_protocols", ">=TLSv1.2")];
    let log_only = || Case::new("example.org", &["mx.example.org"]).action(What::LogOnly);
    let certain = || Case::new("example.org", &["mx.example.org"]);
    for (name, value) in [
        ("smtp_tls_security_level", "encrypt"),
        ("smtp_tls_security_level", "may"),
        ("smtp_tls_security_level", "$x"),
        ("smtp_tls_security_level", "bogus"),
    ] {
        assert_eq!(lines(&with_service(&none, name, value), log_only()), "", "{name} = {value}");
    }
    assert_eq!(lines(&with_service(&none, "", "syslog_name"), log_only()), "example.org may\n");
    let old = [("smtp_tls_security_level", ""), ("smtp_enforce_tls", "no"), ("smtp_use_tls", "no")];
    assert_eq!(lines(&with_service(&old, "smtp_use_tls", "yes"), log_only()), "");
    let dane = Case::new("example.org", &[]).action(What::Dane);
    assert_eq!(lines(&with_service(&old, "smtp_enforce_tls", "yes"), dane), "");
    let newer = with_service(&none, "smtp_tls_mandatory_protocols", ">=tlsv1.3");
    assert!(lines(&newer, certain()).contains("protocols=>=TLSv1.3"));
}

#[test]
fn whose_strictness_cannot_be_read_are_told_so() {
    let roots = ("smtp_tls_CAfile", "/etc/ssl/ca.pem");
    for (name, value) in [
        ("smtp_tls_security_level", "$mylevel"),
        ("smtp_tls_security_level", "sekure"),
        ("smtp_tls_mandatory_protocols", "$smtpd_tls_mandatory_protocols"),
        ("smtp_tls_mandatory_protocols", ">=TLSv1.9"),
    ] {
        for facts in [known(&[roots, (name, value)]), with_service(&[roots], name, value)] {
            let advice = advice(&facts);
            assert_eq!(codes(&advice), ["postfix.setting-unreadable"], "{name} = {value}");
            assert_eq!((advice[0].subject.as_str(), advice[0].severity), (name, Severity::Warning));
            assert!(advice[0].message.contains(value) && !advice[0].cure.is_empty());
        }
    }
    let both = with_service(&[roots, ("smtp_tls_security_level", "$x")], "", "syslog_name");
    assert_eq!(codes(&advice(&both)), ["postfix.setting-unreadable"], "once");
}

#[test]
fn keep_the_text_of_their_tables_though_it_counts_expanded() {
    let expanded = known(&[
        ("smtp_tls_policy_maps", "hash:/etc/postfix/own"),
        ("smtp_tls_security_level", "secure"),
        ("smtp_tls_mandatory_protocols", ">=TLSv1.3"),
    ]);
    let unexpanded = [
        ("smtp_tls_policy_maps", "hash:$config_directory/own"),
        ("smtp_tls_security_level", "$mylevel"),
        ("smtp_tls_mandatory_protocols", "$smtpd_tls_mandatory_protocols"),
    ];
    let unexpanded = unexpanded.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let facts = Facts { unexpanded, ..expanded };
    let (files, summary) = render(&facts, &[Case::new("example.org", &["mx.example.org"]).tls_only()]);
    assert_eq!(files.table(), "example.org secure protocols=>=TLSv1.3\n");
    assert!(summary.settings[0].value.starts_with("hash:$config_directory/own, texthash:"));
}

#[test]
fn get_an_empty_table_for_an_empty_list() {
    let (files, summary) = render(&version("3.7"), &[]);
    assert_eq!(files.0[TABLE], TABLE_HEADER);
    assert_eq!(summary.lines, 0);
}

#[test]
fn with_a_large_texthash_are_told_of_better_tables() {
    let cases: Vec<_> =
        (0..=TEXTHASH_MAX_LINES).map(|n| Case::new(&format!("d{n}.example"), &["mx.example.org"])).collect();
    let (_, summary) = render(&version("3.7"), &cases);
    assert_eq!(codes(&summary.findings), ["postfix.texthash-large"]);
    assert_eq!(summary.shortfalls["postfix.mx-name-unchecked"].examples.len(), MAX_EXAMPLES);
    let (_, summary) = render(&version("3.7"), &cases[1..]);
    assert_eq!(summary.findings, []);
    let (_, summary) = render(&Facts { table: Some("lmdb".into()), ..version("3.7") }, &cases);
    assert_eq!(summary.findings, []);
}

#[test]
fn with_too_many_names_enforce_encryption_and_say_so() {
    let names: Vec<String> = (0..=MAX_NAMES).map(|n| format!("mx{n}.example.org")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (files, summary) = render(&version("3.10.13"), &[Case::new("example.org", &names)]);
    assert_eq!(files.table(), "example.org encrypt protocols=>=TLSv1.2\n");
    assert_eq!(summary.shortfalls["postfix.too-many-names"].count, 1);
    let line = lines(&version("3.10.13"), Case::new("example.org", &names[1..]).origin(Origin::MtaSts));
    assert_eq!(line.matches("mx_host_pattern=").count(), MAX_NAMES);
}

#[test]
fn get_every_name_that_a_list_may_have() {
    let label = "a".repeat(60);
    let name = |number| format!("*.{number:03}{label}.{label}.{label}.{label}.org");
    let names: Vec<String> = (0..starttls_policy::read::MAX_MX_PATTERNS).map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let facts = Facts { directory_in_chroot: Some(format!("/{}", "a".repeat(1023))), ..version("3.10.13") };
    let case = Case::new("example.org", &names).origin(Origin::MtaSts);
    let (files, summary) = render(&facts, &[case.pinned(PinKind::TrustAnchor, vec![Pin::Key(key())])]);
    assert!(!summary.shortfalls.contains_key("postfix.too-many-names"));
    let line = Line::parse(files.table().trim_end()).unwrap();
    assert_eq!((line.answer.level, line.answer.mx_patterns.len()), (Level::Secure, names.len()));
    assert!(files.table().len() > 128 * 1024 && files.table().len() <= MAX_LINE_BYTES);
}

#[test]
fn share_a_key_file_where_the_keys_are_the_same() {
    let other = {
        let mut der = key().der().to_vec();
        *der.last_mut().unwrap() ^= 1;
        Pin::Key(Spki::from_der(der).unwrap())
    };
    let case = |domain, pins| Case::new(domain, &["mx.example.org"]).pinned(PinKind::TrustAnchor, pins);
    let (files, _) = render(
        &version("3.7"),
        &[
            case("a.example", vec![Pin::Key(key()), other.clone()]),
            case("b.example", vec![other.clone(), Pin::Key(key()), other.clone()]),
            case("c.example", vec![other]),
        ],
    );
    let anchors: Vec<_> =
        files.table().lines().map(|line| Line::parse(line).unwrap().answer.anchors).collect();
    assert_eq!(anchors[0], anchors[1]);
    assert_ne!(anchors[0], anchors[2], "the same name in another list is another pinset");
    assert_eq!(files.0.keys().filter(|file| file.starts_with("anchors/")).count(), 2);
}

#[test]
fn find_key_files_where_their_chroot_shows_them() {
    let case =
        Case::new("example.org", &["mx.example.org"]).pinned(PinKind::TrustAnchor, vec![Pin::Key(key())]);
    let facts = Facts { directory_in_chroot: Some("/etc/starttls/".into()), ..version("3.7") };
    let (files, summary) = render(&facts, &[case]);
    assert!(files.table().contains(" tafile=/etc/starttls/anchors/"), "{}", files.table());
    assert!(summary.settings[0].value.ends_with("texthash:/etc/postfix/starttls/tls_policy"));
    assert_eq!(summary.findings, []);
}

#[test]
fn get_our_table_behind_their_own_and_lose_it_again() {
    let own = "hash:$config_directory/own , inline:{ a = may }";
    let active = {
        let (_, summary) = render(&known(&[("smtp_tls_policy_maps", own)]), &[]);
        assert_eq!(summary.settings[0].name, "smtp_tls_policy_maps");
        assert_eq!(summary.settings[0].need, Need::Required);
        summary.settings[0].value.clone()
    };
    assert_eq!(active, format!("{own}, texthash:/etc/postfix/starttls/tls_policy"));
    let other_types = "hash:/etc/postfix/starttls/tls_policy, hash:$config_directory/own , inline:{ a = may }, \
                       lmdb:/etc/postfix/starttls/tls_policy";
    let again = known(&[("smtp_tls_policy_maps", other_types), ("smtp_tls_CApath", "/a")]);
    assert_eq!(render(&again, &[]).1.settings[0].value, active, "once, whatever kind of table it was before");
    let alone = known(&[
        ("smtp_tls_policy_maps", "hash:/etc/postfix/starttls/tls_policy"),
        ("smtp_tls_CApath", "/a"),
    ]);
    assert_eq!(advice(&alone), [], "no table is asked first");
    let settings = Postfix.deactivation(&known(&[("smtp_tls_policy_maps", &active)]));
    assert_eq!(settings.len(), 1);
    assert_eq!(settings[0].value, own);
    assert_eq!(Postfix.deactivation(&known(&[("smtp_tls_policy_maps", own)])), []);
    assert_eq!(Postfix.deactivation(&version("3.7")), []);
    let other_type = known(&[("smtp_tls_policy_maps", "cdb:/etc/postfix/starttls/tls_policy")]);
    assert_eq!(Postfix.deactivation(&other_type)[0].value, "", "whatever kind of table it was activated as");
}

#[test]
fn have_codes_that_are_sorted_and_named_after_them() {
    for codes in [Postfix.shortfalls(), Postfix.findings()] {
        assert!(codes.is_sorted_by(|one, other| one.name < other.name));
        assert!(codes.iter().all(|code| code.name.starts_with("postfix.") && !code.meaning.ends_with('.')));
    }
}

#[test]
fn have_files_that_are_checked_by_name() {
    for file in ["", "master.cf", "anchors/x.pem", "anchors/../tls_policy", "TLS_POLICY"] {
        assert!(Postfix.check(file, "").is_err(), "{file}");
    }
}

mod operator_entries {
    use super::*;
    use starttls_policy::Timestamp;

    fn with(entries: &[(&str, &str)]) -> Facts {
        let entries = entries.iter().map(|(key, entry)| ((*key).to_owned(), (*entry).to_owned()));
        Facts { operator_entries: entries.collect(), ..version("3.7") }
    }

    #[test]
    fn fault_line_that_demands_less_than_an_entry_above_it_is_left_out_and_named() {
        let facts = with(&[
            (".good.test", "secure match=.good.test"),
            (".pinned.test", "fingerprint match=00:11"),
            (".deep.good.test", "may"),
            ("later.test", "verify"),
        ]);
        let cases = [
            Case::new("deep.deep.good.test", &[]).tls_only(),
            Case::new("later.test", &[]).tls_only(),
            Case::new("sub.good.test", &[]).tls_only(),
            Case::new("sub.pinned.test", &["mx.pinned.test"]),
            Case::new("verified.good.test", &["mx.good.test"]).min_tls(None),
        ];
        let (files, summary) = render(&facts, &cases);
        assert_eq!(
            files.table(),
            "deep.deep.good.test encrypt protocols=>=TLSv1.2\n\
             verified.good.test secure match=mx.good.test servername=hostname\n"
        );
        assert_eq!((summary.enforced, summary.unexpressed, summary.lines), (2, 3, 2));
        let named =
            |code: &str| summary.shortfalls[code].examples.iter().map(Domain::as_str).collect::<Vec<_>>();
        assert_eq!(named("postfix.operator-stricter"), ["later.test", "sub.good.test"]);
        assert_eq!(named("postfix.operator-incomparable"), ["sub.pinned.test"]);
    }

    #[test]
    fn fault_line_of_a_testing_entry_never_replaces_an_entry_above_it() {
        let settings = [("smtp_tls_security_level", "none")];
        let facts = Facts {
            operator_entries: [(".good.test".to_owned(), "encrypt".to_owned())].into(),
            ..facts(&settings, &[])
        };
        let cases = [
            Case::new("else.test", &["mx.else.test"]).action(What::LogOnly),
            Case::new("sub.good.test", &["mx.good.test"]).action(What::LogOnly),
        ];
        let (files, summary) = render(&facts, &cases);
        assert_eq!(files.table(), "else.test may\n");
        assert_eq!(summary.log_only, 2);
    }

    #[test]
    fn word_of_the_operator_on_one_domain_replaces_an_entry_above_it() {
        let facts = with(&[(".good.test", "secure")]);
        let case = Case::new("sub.good.test", &[]).action(What::Relaxed);
        let mut decision = case.decision();
        let until = Timestamp::from_seconds(1_800_000_000).unwrap();
        decision.reasons.push(Reason::Override { ruling: "relax", until, reason: "ticket 7" });
        let mut files = Files::default();
        let mut renderer = Postfix.renderer(&facts).unwrap();
        renderer.decision(&decision, &mut files).unwrap();
        renderer.finish(&mut files).unwrap();
        assert_eq!(files.table(), "sub.good.test may\n");
    }
}

#[test]
fn parent_keys_are_those_that_postfix_asks_for() {
    let keys = |domain| parent_keys(domain).collect::<Vec<_>>();
    assert_eq!(keys("a.b.test"), [".b.test", ".test"]);
    assert_eq!(keys("b.test"), [".test"]);
}
