//! What is worth knowing of a list that was read without error.
//!
//! [`CODES`] explains each code; docs/findings.md is made from it.

use alloc::format;
use alloc::vec::Vec;

use crate::finding::{Code, Finding, Names};
use crate::list::{Dialect, List, Listed};
use crate::mode::{Mode, Requirement, TlsVersion};
use crate::pin::{PinKind, Pinset};
use crate::timestamp::Timestamp;

/// Shorter remaining life than this is worth a warning: a week.
pub const ENDS_SOON_SECONDS: u64 = 7 * 86_400;

/// Longer life than this no signed list is given (design §6).
pub const LONG_LIVED_SECONDS: u64 = 400 * 86_400;

/// How far a list's timestamp may lie ahead of the clock: a day.
pub const MAX_SKEW_SECONDS: u64 = 86_400;

/// Every code that reading or checking a list may give, for the documentation; `list.unusable-pin` is a warning in lists of 2014.
pub const CODES: &[Code] = &[
    Code::warning("list.empty", "the list names no domain"),
    Code::warning("list.ends-soon", "the list ends within a week"),
    Code::warning("list.expired", "the list has ended; `generate` refuses it"),
    Code::warning("list.from-the-future", "the list is dated more than a day ahead of this machine's clock"),
    Code::warning(
        "list.hashes-beside-pinset",
        "an mx-domain (2014) has `accept-spki-hashes` beside `accept-pinset`; the hashes have no effect",
    ),
    Code::warning(
        "list.incomplete-head",
        "a list of 2014 or 0.1 without author, timestamp or end: counts as expired",
    ),
    Code::info("list.leaf-pins", "some entries pin leaf certificates"),
    Code::info("list.long-lived", "the list lives longer than 400 days, where signed lists are cut off"),
    Code::warning("list.no-backup-pin", "an mx-domain (2014) has one pin and no backup"),
    Code::warning(
        "list.no-enforce-mode",
        "an mx-domain (2014) does not say `enforce-mode`, so failures are only logged",
    ),
    Code::warning("list.nothing-enforced", "all entries are in testing: the list protects nobody yet"),
    Code::info("list.old-tls", "some entries allow TLS older than 1.2; the operator's floor raises it"),
    Code::warning(
        "list.require-tls-false",
        "an mx-domain (2014) says that TLS is not required; it is all the same",
    ),
    Code::warning(
        "list.several-mx-domains",
        "a domain (2014) accepts several mx-domains; the weakest of them holds",
    ),
    Code::info(
        "list.tls-only",
        "some entries ask for encryption alone, which an active attacker can offer too",
    ),
    Code::info(
        "list.unusable-pin",
        "some pins of a set cannot be used (SHA-1, or the hash of an anchor's key)",
    ),
    Code::warning("list.unusable-pinset", "no pin of a set can be used"),
    Code::info("list.unused-alias", "no entry refers to some shared policies"),
    Code::warning("list.unused-mx-domain", "no mail domain accepts an mx-domain (2014)"),
];

/// Everything that is worth knowing of a list at `now`; what reading found comes first.
pub fn list(list: &List, now: Timestamp) -> Vec<Finding> {
    let mut findings = list.findings.clone();
    findings.extend(ending(list, now));
    findings.extend(beginning(list, now));
    findings.extend(list.pinsets.values().filter_map(|pinset| unusable(pinset)));
    findings.extend(entries(list));
    findings
}

fn ending(list: &List, now: Timestamp) -> Option<Finding> {
    let end = list.head.expires?;
    let left = now.until(end).as_secs();
    let cure = match list.head.dialect {
        Dialect::One => "get a newer list",
        // Nobody is known to issue them any more.
        Dialect::Eff | Dialect::Original => {
            "look for a list of version 1, or check the entries and issue them anew with a later `expires`"
        }
    };
    if end <= now {
        let message = format!("the list expired at {end}; `generate` refuses it");
        return Some(Finding::warning("list.expired", "$.expires", message).with_cure(cure));
    }
    if left <= ENDS_SOON_SECONDS {
        let message = format!("the list ends at {end}, in less than {} days", left / 86_400 + 1);
        return Some(Finding::warning("list.ends-soon", "$.expires", message).with_cure(cure));
    }
    let life = list.head.timestamp.map_or(0, |begin| begin.until(end).as_secs());
    (life > LONG_LIVED_SECONDS).then(|| {
        let message = "the list lives longer than 400 days; signed lists are cut off there";
        let cure = "ask the author to issue it for 400 days at most, and to renew it in time";
        Finding::info("list.long-lived", "$.expires", message).with_cure(cure)
    })
}

fn beginning(list: &List, now: Timestamp) -> Option<Finding> {
    let begin = list.head.timestamp?;
    (now.until(begin).as_secs() > MAX_SKEW_SECONDS).then(|| {
        let message = format!("the list is dated {begin}, more than a day ahead of this machine's clock");
        Finding::warning("list.from-the-future", "$.timestamp", message)
            .with_cure("check the clock, then the list")
    })
}

fn unusable(pinset: &Pinset) -> Option<Finding> {
    let subject = format!("$.pinsets.{}", pinset.name);
    let (usable, why) = match pinset.kind {
        PinKind::TrustAnchor => (
            pinset.trust_anchors().count(),
            "hashes cannot become trust anchors; it takes the keys themselves (`spki`)",
        ),
        PinKind::Leaf => (
            pinset.leaf_hashes().count(),
            "only `sha256/` hashes and keys can be compared with a certificate",
        ),
    };
    let unusable = pinset.pins.len() - usable;
    if unusable == 0 {
        return None;
    }
    let message = format!("{unusable} of {} pins cannot be used: {why}", pinset.pins.len());
    let finding = if usable == 0 {
        Finding::warning("list.unusable-pinset", subject, message)
    } else {
        Finding::info("list.unusable-pin", subject, message)
    };
    Some(finding.with_cure("ask the author for usable pins; the rest of the policy is enforced meanwhile"))
}

fn entries(list: &List) -> Vec<Finding> {
    let mut tally = Tally::default();
    list.iter().for_each(|listed| tally.count(&listed));
    let mut findings = Vec::new();
    if list.entries.is_empty() {
        let finding = Finding::warning("list.empty", "", "the list names no domain");
        findings.push(
            finding.with_cure("check that this is the right file; ask the author for a list with entries"),
        );
    } else if tally.enforced == 0 {
        let message = format!("0 enforced, {} testing: this list protects nobody yet", tally.testing);
        let cure = "the author can set `mode` to `enforce` where reports show no failures; until then use another list too";
        findings.push(Finding::warning("list.nothing-enforced", "", message).with_cure(cure));
    }
    findings.extend(shared(
        "list.old-tls",
        "TLS older than 1.2 is allowed (RFC 9325 §3.1.1), and your floor raises it",
        "ask the author to raise `min-tls-version`; `--min-tls as-listed` keeps the old versions",
        &tally.old_tls,
    ));
    findings.extend(shared(
        "list.tls-only",
        "encryption alone is asked for, with any certificate, so that an active attacker passes too",
        "ask the domains for certificates that are valid for their MX names, then the author for `certificate`",
        &tally.tls_only,
    ));
    findings.extend(shared(
        "list.leaf-pins",
        "leaf certificates are pinned, which most mail servers check instead of names and dates",
        "ask the author for pins of kind `trust-anchor`; leaf pins are used with `--allow-leaf-pins` only",
        &tally.leaf_pins,
    ));
    findings
}

#[derive(Default)]
struct Tally<'a> {
    enforced: usize,
    testing: usize,
    old_tls: Names<'a>,
    tls_only: Names<'a>,
    leaf_pins: Names<'a>,
}

impl<'a> Tally<'a> {
    fn count(&mut self, listed: &Listed<'a>) {
        match listed.policy.mode {
            Mode::Enforce => self.enforced += 1,
            Mode::Testing => self.testing += 1,
            Mode::None => return,
        }
        if listed.policy.min_tls.is_some_and(|version| version < TlsVersion::Tls12) {
            self.old_tls.add(listed.domain.as_str());
        }
        if listed.policy.requirement == Requirement::Tls {
            self.tls_only.add(listed.domain.as_str());
        }
        if listed.policy.pinset.as_ref().is_some_and(|pinset| pinset.kind == PinKind::Leaf) {
            self.leaf_pins.add(listed.domain.as_str());
        }
    }
}

/// A finding about all domains that share a trait.
fn shared(code: &'static str, what: &str, cure: &str, domains: &Names<'_>) -> Option<Finding> {
    let noun = if domains.count == 1 { "domain" } else { "domains" };
    (domains.count > 0).then(|| {
        Finding::info(code, "", format!("{what}: {} {noun} ({domains})", domains.count)).with_cure(cure)
    })
}

#[cfg(test)]
mod checks {
    use super::*;
    use alloc::string::{String, ToString};

    fn codes(text: &str, now: &str) -> Vec<&'static str> {
        let read = crate::read::list(text.as_bytes()).unwrap();
        list(&read, Timestamp::parse(now).unwrap()).iter().map(|finding| finding.code).collect()
    }

    fn text(policies: &str) -> String {
        format!(
            r#"{{"version": "1", "author": "A", "serial": 1, "timestamp": "2026-11-20T00:00:00Z", "expires": "2026-12-20T00:00:00Z", "policies": {{{policies}}}}}"#
        )
    }

    const ENTRY: &str = r#""a.example": {"mode": "enforce", "mx": ["mx.a.example"]}"#;

    #[test]
    fn of_a_good_list_find_nothing() {
        assert_eq!(codes(&text(ENTRY), "2026-11-22T00:00:00Z"), [""; 0]);
    }

    #[test]
    fn tell_what_the_clock_says() {
        for (now, want) in [
            ("2026-12-14T00:00:00Z", "list.ends-soon"),
            ("2026-12-20T00:00:00Z", "list.expired"),
            ("2026-11-18T00:00:00Z", "list.from-the-future"),
        ] {
            assert_eq!(codes(&text(ENTRY), now), [want]);
        }
        let long = text(ENTRY).replace("2026-12-20", "2099-12-20");
        assert_eq!(codes(&long, "2026-11-22T00:00:00Z"), ["list.long-lived"]);
    }

    #[test]
    fn tell_what_protects_nobody() {
        let now = "2026-11-22T00:00:00Z";
        assert_eq!(codes(&text(""), now), ["list.empty"]);
        let testing = ENTRY.replace("enforce", "testing");
        assert_eq!(codes(&text(&testing), now), ["list.nothing-enforced"]);
        let weak = r#""a.example": {"mode": "enforce", "mx": ["mx.a.example"], "require": "tls", "min-tls-version": "TLSv1"}"#;
        assert_eq!(codes(&text(weak), now), ["list.old-tls", "list.tls-only"]);
    }

    #[test]
    fn all_come_with_a_cure() {
        let hash = |byte: char| format!("sha256/{}A=", byte.to_string().repeat(42));
        let weak = format!(
            r#""a.example": {{"mode": "testing", "mx": ["mx.a.example"], "require": "tls", "min-tls-version": "TLSv1", "pinset": "p"}}}},
            "providers": {{"unused": {{"mode": "none"}}}},
            "pinsets": {{"p": {{"kind": "leaf", "static_spki_hashes": ["{}", "{}"]}}"#,
            hash('A'),
            hash('B')
        );
        let original = r#"{"timestamp": 1, "author": "A", "expires": 2,
            "tls-policies": {"a.example": {"require-tls": false}, "b.example": {}, "c.example": {}},
            "acceptable-mxs": {"a.example": {"accept-mx-domains": ["a.example", "b.example"]}}}"#;
        let long = text(ENTRY).replace("2026-12-20", "2099-12-20");
        let mut met = Vec::new();
        for text in
            [text(&weak), text(""), original.into(), "{\"version\": \"0.1\", \"policies\": {}}".into(), long]
        {
            let read = crate::read::list(text.as_bytes()).unwrap();
            for finding in list(&read, Timestamp::parse("2026-12-18T00:00:00Z").unwrap()) {
                assert!(!finding.cure.is_empty(), "{finding:?}");
                met.push(finding.code);
            }
        }
        for code in [
            "list.empty",
            "list.ends-soon",
            "list.expired",
            "list.leaf-pins",
            "list.long-lived",
            "list.nothing-enforced",
            "list.old-tls",
            "list.require-tls-false",
            "list.several-mx-domains",
            "list.tls-only",
            "list.unused-alias",
            "list.unused-mx-domain",
        ] {
            assert!(met.contains(&code), "{code} was not met: {met:?}");
        }
    }
}
