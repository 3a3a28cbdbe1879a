//! Claims about the closed grammar: what Postfix would read and we never write is refused.

use super::*;

const DIGEST: &str =
    "A1:E9:15:60:54:E0:4F:AC:89:9A:E9:F2:75:13:2C:DC:07:A5:DB:C4:EA:2C:2A:D3:A1:FF:C6:E0:D2:53:68:1F";

#[test]
fn knows_what_we_write() {
    let hash = "0".repeat(64);
    for line in [
        "example.org may",
        "example.org dane",
        "example.org dane-only",
        "example.org encrypt",
        "example.org encrypt protocols=!SSLv2:!SSLv3",
        "example.org verify servername=hostname protocols=>=TLSv1.3",
        "example.org secure match=mx.example.org:.example.net",
        "example.org secure match=mx.example.org policy_type=sts policy_domain=example.org mx_host_pattern=mx.example.org { policy_string = version: STSv1 } { policy_string = mode: enforce }",
        "example.org secure match=.example.net policy_type=sts policy_domain=example.org mx_host_pattern=*.example.net { policy_string = version: STSv1 } { policy_string = mode: enforce }",
        &format!("example.org secure match=mx.example.org tafile=/a/anchors/{hash}.pem"),
        &format!("example.org fingerprint match={DIGEST}|{DIGEST} servername=hostname"),
    ] {
        assert!(Line::parse(line).is_ok(), "{line}");
    }
}

#[test]
fn refuses_whatever_else() {
    for line in [
        "",
        " ",
        "example.org",
        "example.org ",
        "example.org  may",
        " example.org may",
        "example.org may ",
        "example.org\tmay",
        "example.org may\r",
        "# example.org may",
        ".example.org may",
        "*.example.org may",
        "[mx.example.org]:25 may",
        "EXAMPLE.org may",
        "example.org. may",
        "example.org none",
        "example.org MAY",
        "example.org half-dane",
        "example.org may protocols=>=TLSv1.2",
        "example.org may match=mx.example.org",
        "example.org dane protocols=>=TLSv1.2",
        "example.org encrypt match=mx.example.org",
        "example.org encrypt protocols=>=TLSv1.2 protocols=>=TLSv1.2",
        "example.org encrypt protocols=<=TLSv1.2",
        "example.org encrypt protocols=",
        "example.org encrypt ciphers=low",
        "example.org encrypt { protocols = >=TLSv1.2 }",
        "example.org secure match=",
        "example.org secure match=hostname",
        "example.org secure match=mx.example.org:hostname",
        "example.org secure match=nexthop",
        "example.org secure match=dot-nexthop",
        "example.org secure match=.com",
        "example.org secure match=.",
        "example.org secure match=*.example.org",
        "example.org secure match=mx.example.org,tafile=/etc/hostname",
        "example.org secure match=mx.example.org match=mx.example.org",
        "example.org secure servername=hostname match=mx.example.org",
        "example.org secure match=mx.example.org servername=mx.example.org",
        "example.org secure match=mx.example.org tafile=/etc/passwd",
        "example.org secure match=mx.example.org tafile=anchors/0.pem",
        "example.org secure match=mx.example.org policy_type=tlsa policy_domain=example.org mx_host_pattern=mx.example.org",
        "example.org secure match=mx.example.org policy_type=sts mx_host_pattern=mx.example.org",
        "example.org secure match=mx.example.org policy_type=sts policy_domain=example.net mx_host_pattern=mx.example.org",
        "example.org secure match=mx.example.org policy_type=sts policy_domain=example.org",
        "example.org secure match=mx.example.org policy_type=sts policy_domain=example.org mx_host_pattern=mx.example.net",
        "example.org secure match=.example.net policy_type=sts policy_domain=example.org mx_host_pattern=.example.net",
        "example.org secure policy_type=sts policy_domain=example.org mx_host_pattern=mx.example.org",
        "example.org secure match=mx.example.org policy_failure=sts-policy-invalid",
        "example.org fingerprint match=a1:e9",
        "example.org fingerprint match=A1:E9",
        &format!("example.org fingerprint match={DIGEST}:00"),
        &format!("example.org fingerprint match={}", DIGEST.to_lowercase()),
        &format!("example.org secure match={}mx.example.org", "mx.example.org:".repeat(MAX_NAMES)),
    ] {
        assert!(Line::parse(line).is_err(), "{line}");
    }
}

/// Postfix 3.10.0 to 3.10.5 with TLSRPT follow a null pointer where one of the three is missing.
#[test]
fn fault_table_line_with_policy_type_and_without_strings_or_patterns_is_refused() {
    let start = "example.org secure match=mx.example.org policy_type=sts policy_domain=example.org";
    let (pattern, strings) = (
        " mx_host_pattern=mx.example.org",
        " { policy_string = version: STSv1 } { policy_string = mode: enforce }",
    );
    assert!(Line::parse(&format!("{start}{pattern}{strings}")).is_ok());
    for incomplete in
        ["", pattern, strings, " { policy_string = version: STSv1 }", &strings.replace("enforce", "testing")]
    {
        assert!(Line::parse(&format!("{start}{incomplete}")).is_err(), "{incomplete}");
        assert!(
            Answer::parse_reply(
                &format!("secure match=mx.example.org policy_type=sts policy_domain=example.org{incomplete}"),
                "example.org"
            )
            .is_err()
        );
    }
    for behind in [strings, " x", " policy_ttl=60", " { policy_string = max_age: 60 }"] {
        assert!(Line::parse(&format!("{start}{pattern}{strings}{behind}")).is_err(), "{behind}");
    }
}

#[test]
fn names_the_line_that_it_does_not_know() {
    let table = |lines: &str| check_table(&format!("{TABLE_HEADER}{lines}")).map_err(|(number, _)| number);
    assert_eq!(table(""), Ok(()));
    assert_eq!(table("b.example may\na.example may\n"), Ok(()));
    assert_eq!(table("a.example may\nb.example\n"), Err(4));
    assert_eq!(table("a.example may\n\nb.example may\n"), Err(4));
    assert_eq!(table("a.example may\n# more\n"), Err(4));
    assert_eq!(table("a.example may\nb.example ma"), Err(4), "cut off");
    assert_eq!(
        table("a.example may\nb.example may\na.example dane\n"),
        Err(5),
        "twice: Postfix drops the table"
    );
    assert_eq!(table("a.example may\na.example may\n"), Err(4), "one after the other");
    assert_eq!(check_table("a.example may\n").map_err(|(number, _)| number), Err(1));
    assert_eq!(check_table("").map_err(|(number, _)| number), Err(1));
}

#[test]
fn knows_key_files_by_their_hash() {
    let case =
        Case::new("example.org", &["mx.example.org"]).pinned(PinKind::TrustAnchor, vec![Pin::Key(key())]);
    let (files, _) = render(&version("3.7"), &[case]);
    let (file, text) = files.0.iter().find(|(file, _)| file.starts_with("anchors/")).unwrap();
    for wrong in [
        String::new(),
        text.trim_end().to_owned(),
        text.replace("PUBLIC KEY", "PRIVATE KEY"),
        text.replace("MCow", "MCov"),
        text.repeat(2),
        format!("\n{text}"),
        text[..40].to_owned(),
    ] {
        assert!(Postfix.check(file, &wrong).is_err(), "{wrong}");
    }
    assert!(Postfix.check(&format!("anchors/{}.pem", "0".repeat(64)), text).is_err());
}

#[test]
fn knows_settings_by_name_and_value() {
    let (files, _) = render(&version("3.10.13"), &[Case::new("example.org", &[]).action(What::Dane)]);
    let text = &files.0[FRAGMENT];
    for (from, to) in [
        ("smtp_dns_support_level", "smtp_tls_security_level"),
        ("= dnssec", "= disabled"),
        ("tls_policy\n", "tls_policy\nrelayhost = [relay.example.org]\n"),
        ("texthash:", "pcre:"),
        ("tls_policy\n", "tls_policy, hash:/other\n"),
        ("# What", "What"),
        ("\n\n", "\n \n"),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(&changed, text);
        assert!(Postfix.check(FRAGMENT, &changed).is_err(), "{changed}");
    }
}
