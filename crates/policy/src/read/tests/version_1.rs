//! Version 1: its members, its places, its head.

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
        (r#""policies": {"a example": {"mode": "none"}}"#, r#"$.policies["a example"]"#, r#""a example""#),
        (r#""policies": {}, "polices": 1"#, "$.polices", r#""polices""#),
        (r#""policies": {}, "x-a": 1, "x-a": 2"#, "$.x-a", r#""x-a": 2"#),
        (r#""policies": {}, "providers": {"p": {"provider": "p"}}"#, "$.providers.p", r#"{"provider": "p"}"#),
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
        (0..count).map(|number| format!(r#""p{number}": {{"mode": "none"}}"#)).collect::<alloc::vec::Vec<_>>()
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
