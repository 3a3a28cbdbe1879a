//! What is worth knowing of a list that was read without error.
//!
//! [`CODES`] explains each code; docs/findings.md is made from it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::finding::{Code, Finding};
use crate::list::{List, Listed};
use crate::mode::{Mode, Requirement, TlsVersion};
use crate::pin::{PinKind, Pinset};
use crate::timestamp::Timestamp;

/// Shorter remaining life than this is worth a warning: a week.
pub const ENDS_SOON_SECONDS: u64 = 7 * 86_400;

/// Longer life than this no signed list is given (design §6).
pub const LONG_LIVED_SECONDS: u64 = 400 * 86_400;

/// How far a list's timestamp may lie ahead of the clock: a day.
pub const MAX_SKEW_SECONDS: u64 = 86_400;

/// Domains named in a finding about many.
const EXAMPLES: usize = 3;

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
    Code::info("list.unused-alias", "no entry refers to a shared policy"),
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
    let cure = "get a newer list";
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
        Finding::info("list.long-lived", "$.expires", message)
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
        findings.push(Finding::warning("list.empty", "", "the list names no domain"));
    } else if tally.enforced == 0 {
        let message = format!("0 enforced, {} testing: this list protects nobody yet", tally.testing);
        findings.push(Finding::warning("list.nothing-enforced", "", message));
    }
    findings.extend(tally.old_tls.finding(
        "list.old-tls",
        "TLS older than 1.2 is allowed (RFC 9325 §3.1.1), and your floor raises it",
    ));
    findings.extend(tally.tls_only.finding(
        "list.tls-only",
        "encryption alone is asked for, with any certificate, so that an active attacker passes too",
    ));
    findings.extend(tally.leaf_pins.finding(
        "list.leaf-pins",
        "leaf certificates are pinned, which most mail servers check instead of names and dates",
    ));
    findings
}

#[derive(Default)]
struct Tally<'a> {
    enforced: usize,
    testing: usize,
    old_tls: Group<'a>,
    tls_only: Group<'a>,
    leaf_pins: Group<'a>,
}

impl<'a> Tally<'a> {
    fn count(&mut self, listed: &Listed<'a>) {
        match listed.policy.mode {
            Mode::Enforce => self.enforced += 1,
            Mode::Testing => self.testing += 1,
            Mode::None => return,
        }
        if listed.policy.min_tls.is_some_and(|version| version < TlsVersion::Tls12) {
            self.old_tls.add(listed);
        }
        if listed.policy.requirement == Requirement::Tls {
            self.tls_only.add(listed);
        }
        if listed.policy.pinset.as_ref().is_some_and(|pinset| pinset.kind == PinKind::Leaf) {
            self.leaf_pins.add(listed);
        }
    }
}

/// Domains that share a trait: a count and the first few names.
#[derive(Default)]
struct Group<'a> {
    count: usize,
    examples: Vec<&'a str>,
}

impl<'a> Group<'a> {
    fn add(&mut self, listed: &Listed<'a>) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(listed.domain.as_str());
        }
    }

    fn finding(&self, code: &'static str, what: &str) -> Option<Finding> {
        let names = self.examples.join(", ");
        let rest: String = match self.count.saturating_sub(self.examples.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let domains = if self.count == 1 { "domain" } else { "domains" };
        (self.count > 0)
            .then(|| Finding::info(code, "", format!("{what}: {} {domains} ({names}{rest})", self.count)))
    }
}

#[cfg(test)]
mod checks {
    use super::*;

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
}
