//! The cases: one recipient domain each, its MX hosts, its policy, and what must become of mail to it.

pub mod list;

use crate::delivery::Channel::{self, Anonymous, Cleartext, Trusted, Untrusted, Verified};
use crate::outcome::Outcome::{self, Deferred, Sent};
use crate::outcome::Shown;
use crate::postfix::{ENFORCES_PATTERNS, Version};
use list::Entry;

/// One case.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What is wrong, in a few words.
    pub name: &'static str,
    /// The recipient domain.
    pub domain: &'static str,
    /// What DNS says (under the attacker's control in the zone `plain`): preference and MX host.
    pub hosts: &'static [(u16, &'static str)],
    /// The policy, if any.
    pub entry: Option<Entry>,
    /// Which list has it in the mode that is wanted.
    pub listed: Listed,
    /// What becomes of mail without a policy, or with one in `testing`.
    pub wrongly: Outcome,
    /// What must become of it when the policy is enforced.
    pub rightly: Outcome,
    /// The same, where MX patterns are enforced and that makes a difference.
    pub rightly_by_pattern: Option<Outcome>,
    /// How the log betrays the defect although the mail is delivered.
    pub shown: Shown,
}

/// Which list decides a case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Listed {
    /// The base.
    InBase,
    /// The overlay; the base only tests.
    InOverlay,
}

impl Case {
    /// A domain of these MX hosts, listed in the base with the name of the first of them: without the policy, mail goes there by
    /// this channel; with it, verified.
    const fn new(
        name: &'static str,
        domain: &'static str,
        hosts: &'static [(u16, &'static str)],
        channel: Channel,
    ) -> Self {
        let (_, first) = hosts[0];
        Self {
            name,
            domain,
            hosts,
            entry: Some(Entry::mx(first)),
            listed: Listed::InBase,
            wrongly: Sent(first, channel),
            rightly: Sent(first, Verified),
            rightly_by_pattern: None,
            shown: Shown::Nowhere,
        }
    }

    /// Has another policy.
    const fn listed(self, entry: Entry) -> Self {
        Self { entry: Some(entry), ..self }
    }

    /// Has no policy: nothing changes for its mail.
    const fn unlisted(self) -> Self {
        Self { entry: None, rightly: self.wrongly, ..self }
    }

    /// Is enforced by the overlay alone.
    const fn in_overlay(self) -> Self {
        Self { listed: Listed::InOverlay, ..self }
    }

    /// Must end otherwise when the policy is enforced.
    const fn rightly_is(self, rightly: Outcome) -> Self {
        Self { rightly, ..self }
    }

    /// Is kept from going where no MX pattern leads, by whoever enforces patterns.
    const fn or_not_in_patterns(self) -> Self {
        Self { rightly_by_pattern: Some(NOT_IN_PATTERNS), ..self }
    }

    /// Is betrayed by the log.
    const fn shown(self, shown: Shown) -> Self {
        Self { shown, ..self }
    }

    /// What must become of mail when the policy is enforced.
    pub fn rightly(&self, version: Version) -> Outcome {
        self.rightly_by_pattern.filter(|_| version >= ENFORCES_PATTERNS).unwrap_or(self.rightly)
    }
}

const NO_STARTTLS: Outcome = Deferred("4.7.4", "TLS is required, but was not offered by host");
const WRONG_NAME: Outcome = Deferred("4.7.5", "hostname mismatch");
const OTHER_CA: Outcome = Deferred("4.7.5", "untrusted issuer");
const EXPIRED: Outcome = Deferred("4.7.5", "certificate has expired");
const SELF_SIGNED: Outcome = Deferred("4.7.5", "self-signed certificate");
const TOO_OLD: Outcome = Deferred("4.7.5", "tlsv1 alert protocol version");
/// OpenSSL's number for an anchor or a key that is not among those which were asked for.
const NOT_PINNED: Outcome = Deferred("4.7.5", "num=65:");
const NOT_IN_PATTERNS: Outcome = Deferred("4.3.0", "does not match STS MX pattern for");

const GOOD: &[(u16, &str)] = &[(10, "good.mx.test")];
/// Offers no STARTTLS.
const ABSENT: &[(u16, &str)] = &[(10, "absent.mx.test")];
/// Knows TLS 1.2 at most.
const OLD: &[(u16, &str)] = &[(10, "old.mx.test")];
/// Has a certificate of a CA that nobody knows.
const OTHER: &[(u16, &str)] = &[(10, "otherca.mx.test")];
const SELF: &[(u16, &str)] = &[(10, "selfsigned.mx.test")];

/// All of them.
pub const CASES: &[Case] = &[
    Case::new("nothing", "good.test", GOOD, Trusted),
    Case::new("wildcard pattern", "pool.plain", &[(10, "mx1.pool.test")], Trusted)
        .listed(Entry::mx("*.pool.test")),
    Case::new("STARTTLS absent", "absent.test", ABSENT, Cleartext)
        .rightly_is(NO_STARTTLS)
        .shown(Shown::NoTls),
    Case::new("STARTTLS stripped", "stripped.test", &[(10, "stripped.mx.test")], Cleartext)
        .rightly_is(NO_STARTTLS)
        .shown(Shown::NoTls),
    Case::new("recipient in capitals", "CAPITALS.test", ABSENT, Cleartext)
        .rightly_is(NO_STARTTLS)
        .shown(Shown::NoTls),
    Case::new("subdomain, not listed", "sub.absent.test", ABSENT, Cleartext).unlisted(),
    Case::new("enforced by the overlay", "overlaid.test", ABSENT, Cleartext)
        .in_overlay()
        .rightly_is(NO_STARTTLS)
        .shown(Shown::NoTls),
    Case::new("MX spoofed", "spoofed.plain", &[(10, "mx.attacker.test")], Trusted)
        .listed(Entry::mx("good.mx.test"))
        .rightly_is(WRONG_NAME)
        .or_not_in_patterns()
        .shown(Shown::Host),
    Case::new("MX alias", "alias.plain", &[(10, "alias.mx.test")], Trusted)
        .listed(Entry::mx("good.mx.test"))
        .or_not_in_patterns()
        .shown(Shown::Host),
    Case::new(
        "first of two MX spoofed",
        "second.plain",
        &[(5, "mx.attacker.test"), (10, "good.mx.test")],
        Trusted,
    )
    .listed(Entry::mx("good.mx.test"))
    .rightly_is(Sent("good.mx.test", Verified))
    .shown(Shown::Host),
    Case::new("wrong name", "wrongname.test", &[(10, "wrongname.mx.test")], Trusted).rightly_is(WRONG_NAME),
    Case::new("unknown CA", "otherca.test", OTHER, Untrusted).rightly_is(OTHER_CA).shown(Shown::Chain),
    Case::new("expired", "expired.test", &[(10, "expired.mx.test")], Untrusted)
        .rightly_is(EXPIRED)
        .shown(Shown::Chain),
    Case::new("self-signed", "selfsigned.test", SELF, Untrusted).rightly_is(SELF_SIGNED).shown(Shown::Chain),
    Case::new("TLS 1.2 where 1.3 is due", "old.test", OLD, Anonymous)
        .listed(Entry::mx("old.mx.test").minimum("TLSv1.3"))
        .rightly_is(TOO_OLD)
        .shown(Shown::Version("TLSv1.2")),
    Case::new("TLS 1.2 where 1.2 is due", "older.test", OLD, Anonymous),
    Case::new("its anchor pinned", "anchored.test", OTHER, Untrusted)
        .listed(Entry::mx("otherca.mx.test").pinset("other-root")),
    Case::new("another anchor pinned", "misanchored.test", GOOD, Trusted)
        .listed(Entry::mx("good.mx.test").pinset("other-root"))
        .rightly_is(NOT_PINNED),
    Case::new("its key pinned", "pinned.test", SELF, Untrusted)
        .listed(Entry::mx("selfsigned.mx.test").pinset("right-leaf")),
    Case::new("another key pinned", "mispinned.test", GOOD, Trusted)
        .listed(Entry::mx("good.mx.test").pinset("wrong-leaf"))
        .rightly_is(NOT_PINNED),
];
