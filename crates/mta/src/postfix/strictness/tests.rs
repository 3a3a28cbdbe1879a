//! Claims about lines that take the place of an entry.

use super::*;
use crate::Facts;
use crate::postfix::line::Line;
use crate::postfix::settings::facts;

use Comparison::{AsStrict, Incomparable, Weaker};

fn on(settings: &[(&str, &str)], ours: &str, entry: &str) -> Comparison {
    let facts = facts(settings, &[]);
    let text = format!("sub.good.test {ours}");
    let line = Line::parse(&text).unwrap();
    compare(&line.answer, line.domain, entry, Settings::of(&facts))
}

fn usual(ours: &str, entry: &str) -> Comparison {
    on(
        &[("smtp_tls_mandatory_protocols", ">=TLSv1.2"), ("smtp_tls_mandatory_ciphers", "medium")],
        ours,
        entry,
    )
}

const DIGEST: &str =
    "A1:E9:15:60:54:E0:4F:AC:89:9A:E9:F2:75:13:2C:DC:07:A5:DB:C4:EA:2C:2A:D3:A1:FF:C6:E0:D2:53:68:1F";

#[test]
fn fault_line_is_as_strict_as_an_entry_or_weaker_by_its_level() {
    let fingerprint = format!("fingerprint match={DIGEST}");
    let ours = ["may", "dane", "encrypt", "dane-only", &fingerprint, "verify", "secure match=mx.good.test"];
    let rows = [
        ("none", [AsStrict; 7]),
        ("may", [AsStrict; 7]),
        ("encrypt", [Weaker, Weaker, AsStrict, AsStrict, AsStrict, AsStrict, AsStrict]),
        ("dane", [Weaker, AsStrict, Weaker, AsStrict, Incomparable, Incomparable, Incomparable]),
        ("dane-only", [Weaker, Weaker, Weaker, AsStrict, Incomparable, Incomparable, Incomparable]),
        (
            "fingerprint match=00:11",
            [Weaker, Weaker, Weaker, Incomparable, Incomparable, Incomparable, Incomparable],
        ),
        ("verify", [Weaker, Weaker, Weaker, Incomparable, Incomparable, AsStrict, AsStrict]),
        (
            "secure match=.good.test",
            [Weaker, Weaker, Weaker, Incomparable, Incomparable, Incomparable, AsStrict],
        ),
    ];
    for (entry, expected) in rows {
        for (ours, expected) in ours.into_iter().zip(expected) {
            assert_eq!(usual(ours, entry), expected, "{ours} in place of {entry}");
        }
    }
}

#[test]
fn fault_line_whose_names_the_entry_does_not_admit_is_not_comparable() {
    for (names, entry, expected) in [
        ("mx.good.test", "secure match=mx.good.test", AsStrict),
        ("mx.good.test", "secure match=MX.good.test:other.test", AsStrict),
        ("mx.good.test:mx2.good.test", "secure match=.good.test", AsStrict),
        (".good.test", "secure match=.good.test", AsStrict),
        (".mx.good.test", "secure match=.good.test", AsStrict),
        ("mx.good.test", "secure match=hostname", AsStrict),
        ("mx.good.test", "secure match=a.test match=mx.good.test", AsStrict),
        ("sub.good.test", "secure", AsStrict),
        ("mx.sub.good.test:sub.good.test", "secure", AsStrict),
        (".sub.good.test", "secure", AsStrict),
        ("mx.good.test", "secure", Incomparable),
        ("mx.good.test:mx.else.test", "secure match=.good.test", Incomparable),
        (".good.test", "secure match=mx.good.test", Incomparable),
        ("good.test", "secure match=.good.test", Incomparable),
        ("mx.notgood.test", "secure match=.good.test", Incomparable),
        ("mx.good.test", "secure match=*.good.test", Incomparable),
        ("mx.good.test", "verify match=nexthop", Incomparable),
    ] {
        assert_eq!(usual(&format!("secure match={names}"), entry), expected, "{names} in place of {entry}");
    }
    let own = [("smtp_tls_secure_cert_match", "hostname")];
    assert_eq!(on(&own, "secure match=mx.good.test", "secure"), AsStrict);
    assert_eq!(on(&own, "verify", "secure"), AsStrict);
}

#[test]
fn fault_line_is_weaker_with_an_older_version_or_lower_ciphers() {
    for (ours, entry, expected) in [
        ("encrypt protocols=>=TLSv1.3", "encrypt protocols=>=TLSv1.2", AsStrict),
        ("encrypt protocols=>=TLSv1.2", "encrypt protocols=>=TLSv1.3", Weaker),
        ("encrypt", "encrypt protocols=!SSLv2:!SSLv3:!TLSv1:!TLSv1.1", AsStrict),
        ("encrypt", "encrypt, protocols=TLSv1.3", Weaker),
        ("encrypt", "encrypt { protocols = >=TLSv1.3, !SSLv3 }", Weaker),
        ("encrypt protocols=>=TLSv1", "encrypt", Weaker),
        ("encrypt", "encrypt protocols=nonsense", Incomparable),
        ("dane-only", "dane-only protocols=>=TLSv1.3", Weaker),
        ("encrypt", "encrypt ciphers=medium", AsStrict),
        ("encrypt", "encrypt ciphers=HIGH", Weaker),
        ("encrypt", "encrypt ciphers=null", Incomparable),
        ("encrypt", "may ciphers=high protocols=>=TLSv1.3", AsStrict),
        ("dane", "may protocols=>=TLSv1.3", Incomparable),
    ] {
        assert_eq!(usual(ours, entry), expected, "{ours} in place of {entry}");
    }
    assert_eq!(on(&[], "encrypt", "encrypt"), AsStrict);
    assert_eq!(on(&[], "encrypt protocols=>=TLSv1.2", "encrypt"), Incomparable, "main.cf is unknown");
}

#[test]
fn fault_c11_line_that_authenticates_is_not_weaker_than_an_entry_that_only_encrypts() {
    let fingerprint = format!("fingerprint match={DIGEST}");
    for (ours, entry) in [
        ("secure match=mx.good.test", "encrypt protocols=TLSv1.3"),
        ("verify", "encrypt ciphers=high"),
        (fingerprint.as_str(), "encrypt protocols=>=TLSv1.3"),
        ("dane-only", "encrypt protocols=>=TLSv1.3"),
        ("dane-only", "dane protocols=>=TLSv1.3"),
    ] {
        assert_eq!(usual(ours, entry), Incomparable, "{ours} in place of {entry}");
    }
}

#[test]
fn fault_entry_with_attributes_of_its_own_is_not_comparable() {
    let anchors = format!("secure match=mx.good.test tafile=/a/anchors/{}.pem", "0".repeat(64));
    for (ours, entry) in [
        ("secure match=mx.good.test", "secure match=.good.test tafile=/etc/partner.pem"),
        (anchors.as_str(), "secure match=.good.test"),
        ("encrypt", "encrypt exclude=RC4"),
        ("encrypt", "encrypt enable_rpk=no"),
        ("secure match=mx.good.test", "secure match=.good.test policy_type=sts policy_domain=good.test"),
        ("secure match=mx.good.test", "half-dane"),
        ("secure match=mx.good.test", "sekure"),
        ("secure match=mx.good.test", ""),
        ("encrypt", "encrypt protocols"),
        ("encrypt", "encrypt { protocols=>=TLSv1.2"),
        ("encrypt", "encrypt ciphers=high ciphers=low"),
    ] {
        assert_eq!(usual(ours, entry), Incomparable, "{ours} in place of {entry}");
    }
    assert_eq!(usual("encrypt", "encrypt servername=hostname connection_reuse=no"), AsStrict);
}

#[test]
fn service_with_settings_of_its_own_counts_too() {
    let line = Line::parse("sub.good.test encrypt").unwrap();
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let facts = Facts {
        services: [("relay/unix".into(), [own("smtp_tls_mandatory_ciphers", "low")].into())].into(),
        ..facts(&[("smtp_tls_mandatory_ciphers", "high")], &[])
    };
    assert_eq!(compare(&line.answer, line.domain, "encrypt ciphers=high", Settings::of(&facts)), Weaker);
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_entry_makes_the_comparison_panic(entry in "\\PC{0,60}|([a-z]|[{}=, :.]|secure|match=|protocols=){0,20}") {
            usual("secure match=mx.good.test protocols=>=TLSv1.2", &entry);
        }
    }
}
