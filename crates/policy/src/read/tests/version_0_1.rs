//! EFF's format 0.1.

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
