//! The cases: one recipient domain each, its MX hosts, its policy, and what must become of mail to it.

pub mod list;

use crate::delivery::Channel::{Anonymous, Cleartext, Trusted, Untrusted, Verified};
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
    /// A case without a defect, without a policy and without mail.
    const BLANK: Self = Self {
        name: "",
        domain: "",
        hosts: &[],
        entry: None,
        listed: Listed::InBase,
        wrongly: Sent("", Cleartext),
        rightly: Sent("", Cleartext),
        rightly_by_pattern: None,
        shown: Shown::Nowhere,
    };

    /// What must become of mail when the policy is enforced.
    pub fn rightly(&self, version: Version) -> Outcome {
        self.rightly_by_pattern.filter(|_| version >= ENFORCES_PATTERNS).unwrap_or(self.rightly)
    }
}

const NO_STARTTLS: Outcome = Deferred("4.7.4", "TLS is required, but was not offered by host");
const WRONG_NAME: Outcome = Deferred("4.7.5", "hostname mismatch");
/// OpenSSL's number for an anchor or a key that is not among those which were asked for.
const NOT_PINNED: Outcome = Deferred("4.7.5", "num=65:");
const NOT_IN_PATTERNS: Option<Outcome> = Some(Deferred("4.3.0", "does not match STS MX pattern for"));

/// All of them.
pub const CASES: &[Case] = &[
    Case {
        name: "nothing",
        domain: "good.test",
        hosts: &[(10, "good.mx.test")],
        entry: Some(Entry::mx("good.mx.test")),
        wrongly: Sent("good.mx.test", Trusted),
        rightly: Sent("good.mx.test", Verified),
        ..Case::BLANK
    },
    Case {
        name: "wildcard pattern",
        domain: "pool.plain",
        hosts: &[(10, "mx1.pool.test")],
        entry: Some(Entry::mx("*.pool.test")),
        wrongly: Sent("mx1.pool.test", Trusted),
        rightly: Sent("mx1.pool.test", Verified),
        ..Case::BLANK
    },
    Case {
        name: "STARTTLS absent",
        domain: "absent.test",
        hosts: &[(10, "absent.mx.test")],
        entry: Some(Entry::mx("absent.mx.test")),
        wrongly: Sent("absent.mx.test", Cleartext),
        rightly: NO_STARTTLS,
        shown: Shown::NoTls,
        ..Case::BLANK
    },
    Case {
        name: "STARTTLS stripped",
        domain: "stripped.test",
        hosts: &[(10, "stripped.mx.test")],
        entry: Some(Entry::mx("stripped.mx.test")),
        wrongly: Sent("stripped.mx.test", Cleartext),
        rightly: NO_STARTTLS,
        shown: Shown::NoTls,
        ..Case::BLANK
    },
    Case {
        name: "recipient in capitals",
        domain: "CAPITALS.test",
        hosts: &[(10, "absent.mx.test")],
        entry: Some(Entry::mx("absent.mx.test")),
        wrongly: Sent("absent.mx.test", Cleartext),
        rightly: NO_STARTTLS,
        shown: Shown::NoTls,
        ..Case::BLANK
    },
    Case {
        name: "subdomain, not listed",
        domain: "sub.absent.test",
        hosts: &[(10, "absent.mx.test")],
        wrongly: Sent("absent.mx.test", Cleartext),
        rightly: Sent("absent.mx.test", Cleartext),
        ..Case::BLANK
    },
    Case {
        name: "enforced by the overlay",
        domain: "overlaid.test",
        hosts: &[(10, "absent.mx.test")],
        entry: Some(Entry::mx("absent.mx.test")),
        listed: Listed::InOverlay,
        wrongly: Sent("absent.mx.test", Cleartext),
        rightly: NO_STARTTLS,
        shown: Shown::NoTls,
        ..Case::BLANK
    },
    Case {
        name: "MX spoofed",
        domain: "spoofed.plain",
        hosts: &[(10, "mx.attacker.test")],
        entry: Some(Entry::mx("good.mx.test")),
        wrongly: Sent("mx.attacker.test", Trusted),
        rightly: WRONG_NAME,
        rightly_by_pattern: NOT_IN_PATTERNS,
        shown: Shown::Host,
        ..Case::BLANK
    },
    Case {
        name: "MX alias",
        domain: "alias.plain",
        hosts: &[(10, "alias.mx.test")],
        entry: Some(Entry::mx("good.mx.test")),
        wrongly: Sent("alias.mx.test", Trusted),
        rightly: Sent("alias.mx.test", Verified),
        rightly_by_pattern: NOT_IN_PATTERNS,
        shown: Shown::Host,
        ..Case::BLANK
    },
    Case {
        name: "first of two MX spoofed",
        domain: "second.plain",
        hosts: &[(5, "mx.attacker.test"), (10, "good.mx.test")],
        entry: Some(Entry::mx("good.mx.test")),
        wrongly: Sent("mx.attacker.test", Trusted),
        rightly: Sent("good.mx.test", Verified),
        shown: Shown::Host,
        ..Case::BLANK
    },
    Case {
        name: "wrong name",
        domain: "wrongname.test",
        hosts: &[(10, "wrongname.mx.test")],
        entry: Some(Entry::mx("wrongname.mx.test")),
        wrongly: Sent("wrongname.mx.test", Trusted),
        rightly: WRONG_NAME,
        ..Case::BLANK
    },
    Case {
        name: "unknown CA",
        domain: "otherca.test",
        hosts: &[(10, "otherca.mx.test")],
        entry: Some(Entry::mx("otherca.mx.test")),
        wrongly: Sent("otherca.mx.test", Untrusted),
        rightly: Deferred("4.7.5", "untrusted issuer"),
        shown: Shown::Chain,
        ..Case::BLANK
    },
    Case {
        name: "expired",
        domain: "expired.test",
        hosts: &[(10, "expired.mx.test")],
        entry: Some(Entry::mx("expired.mx.test")),
        wrongly: Sent("expired.mx.test", Untrusted),
        rightly: Deferred("4.7.5", "certificate has expired"),
        shown: Shown::Chain,
        ..Case::BLANK
    },
    Case {
        name: "self-signed",
        domain: "selfsigned.test",
        hosts: &[(10, "selfsigned.mx.test")],
        entry: Some(Entry::mx("selfsigned.mx.test")),
        wrongly: Sent("selfsigned.mx.test", Untrusted),
        rightly: Deferred("4.7.5", "self-signed certificate"),
        shown: Shown::Chain,
        ..Case::BLANK
    },
    Case {
        name: "TLS 1.2 where 1.3 is due",
        domain: "old.test",
        hosts: &[(10, "old.mx.test")],
        entry: Some(Entry::mx("old.mx.test").minimum("TLSv1.3")),
        wrongly: Sent("old.mx.test", Anonymous),
        rightly: Deferred("4.7.5", "tlsv1 alert protocol version"),
        shown: Shown::Version("TLSv1.2"),
        ..Case::BLANK
    },
    Case {
        name: "TLS 1.2 where 1.2 is due",
        domain: "older.test",
        hosts: &[(10, "old.mx.test")],
        entry: Some(Entry::mx("old.mx.test")),
        wrongly: Sent("old.mx.test", Anonymous),
        rightly: Sent("old.mx.test", Verified),
        ..Case::BLANK
    },
    Case {
        name: "its anchor pinned",
        domain: "anchored.test",
        hosts: &[(10, "otherca.mx.test")],
        entry: Some(Entry::mx("otherca.mx.test").pinset("other-root")),
        wrongly: Sent("otherca.mx.test", Untrusted),
        rightly: Sent("otherca.mx.test", Verified),
        ..Case::BLANK
    },
    Case {
        name: "another anchor pinned",
        domain: "misanchored.test",
        hosts: &[(10, "good.mx.test")],
        entry: Some(Entry::mx("good.mx.test").pinset("other-root")),
        wrongly: Sent("good.mx.test", Trusted),
        rightly: NOT_PINNED,
        ..Case::BLANK
    },
    Case {
        name: "its key pinned",
        domain: "pinned.test",
        hosts: &[(10, "selfsigned.mx.test")],
        entry: Some(Entry::mx("selfsigned.mx.test").pinset("right-leaf")),
        wrongly: Sent("selfsigned.mx.test", Untrusted),
        rightly: Sent("selfsigned.mx.test", Verified),
        ..Case::BLANK
    },
    Case {
        name: "another key pinned",
        domain: "mispinned.test",
        hosts: &[(10, "good.mx.test")],
        entry: Some(Entry::mx("good.mx.test").pinset("wrong-leaf")),
        wrongly: Sent("good.mx.test", Trusted),
        rightly: NOT_PINNED,
        ..Case::BLANK
    },
];
