//! The design of 2014.

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
    assert_eq!((both.mode, both.min_tls, both.requirement), (Mode::Testing, None, Requirement::Certificate));
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
    let own = refused(&format!(r#"{{"mx-domains": {{".a.example": {{"accept-spki-hashes": [{many}]}}}}}}"#));
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
