//! The cases: one recipient domain each, its MX hosts, its policy, and what must become of mail to it.

use anyhow::Result;
use starttls_e2e::delivery::Channel::{self, Anonymous, Cleartext, Trusted, Untrusted, Verified};
use starttls_e2e::delivery::Delivery;
use starttls_e2e::lab::Lab;
use starttls_e2e::postfix::Version;

use crate::list::Entry;
use crate::stage::ENFORCES_PATTERNS;
use Outcome::{Deferred, Sent};

/// One case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// What is wrong, in a few words.
    pub(crate) name: &'static str,
    /// The recipient domain.
    pub(crate) domain: &'static str,
    /// What DNS says (under the attacker's control in the zone `plain`): preference and MX host.
    pub(crate) hosts: &'static [(u16, &'static str)],
    /// The policy, if any.
    pub(crate) entry: Option<Entry>,
    /// Which list has it in the mode that is wanted.
    pub(crate) listed: Listed,
    /// What becomes of mail without a policy, or with one in `testing`.
    pub(crate) wrongly: Outcome,
    /// What must become of it when the policy is enforced.
    pub(crate) rightly: Outcome,
    /// The same, where MX patterns are enforced and that makes a difference.
    pub(crate) rightly_by_pattern: Option<Outcome>,
    /// How the log betrays the defect although the mail is delivered.
    pub(crate) shown: Shown,
}

/// Which list decides a case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Listed {
    /// The base.
    InBase,
    /// The overlay; the base only tests.
    InOverlay,
}

/// What becomes of a mail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// It goes to this host, by this channel.
    Sent(&'static str, Channel),
    /// It stays, with this status code, and the log says this.
    Deferred(&'static str, &'static str),
}

/// How Postfix's log betrays a defect when the policy is not enforced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shown {
    /// Not at all: names and pins are compared under an enforced policy only. Or there is no defect.
    Nowhere,
    /// By the absence of a line about TLS.
    NoTls,
    /// By the word `Untrusted` in the line about TLS.
    Chain,
    /// By the MX host, which the policy does not list.
    Host,
    /// By the version in the line about TLS.
    Version(&'static str),
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
    pub(crate) fn rightly(&self, version: Version) -> Outcome {
        self.rightly_by_pattern.filter(|_| version >= ENFORCES_PATTERNS).unwrap_or(self.rightly)
    }
}

impl Outcome {
    /// What is not so in `delivery`, if anything.
    pub(crate) fn complaint(self, lab: &Lab, delivery: &Delivery) -> Result<Option<String>> {
        let fault = match self {
            Sent(host, channel) => sent_otherwise(lab, delivery, host, channel)?,
            Deferred(dsn, words) => deferred_otherwise(lab, delivery, dsn, words)?,
        };
        Ok(fault.map(|fault| format!("{fault}:\n  {}", delivery.session.join("\n  "))))
    }
}

fn sent_otherwise(lab: &Lab, delivery: &Delivery, host: &str, channel: Channel) -> Result<Option<String>> {
    if (delivery.status.as_str(), delivery.relay.as_str()) != ("sent", host) {
        return Ok(Some(format!("not sent to {host}")));
    }
    if delivery.channel() != channel {
        return Ok(Some(format!("channel is {:?}, not {channel:?}", delivery.channel())));
    }
    let receipt = lab.receiver.receipt(&delivery.recipient)?;
    // One host, two names.
    let host = if host == "alias.mx.test" { "good.mx.test" } else { host };
    let as_expected = receipt.host == host && receipt.encrypted == (channel != Cleartext);
    Ok((!as_expected).then(|| format!("the receiver saw {receipt:?}")))
}

fn deferred_otherwise(lab: &Lab, delivery: &Delivery, dsn: &str, words: &str) -> Result<Option<String>> {
    if (delivery.status.as_str(), delivery.dsn.as_str()) != ("deferred", dsn) {
        return Ok(Some(format!("not deferred with {dsn}")));
    }
    if !delivery.mentions(words) {
        return Ok(Some(format!("no `{words}` in the log")));
    }
    let receipts = lab.receiver.receipts()?;
    Ok(receipts
        .get(&delivery.recipient)
        .map(|receipt| format!("deferred, and received all the same: {receipt:?}")))
}

impl Shown {
    /// Whether the log shows it.
    pub(crate) fn is_in(self, delivery: &Delivery, entry: Option<Entry>) -> bool {
        match self {
            Self::Nowhere => true,
            Self::NoTls => delivery.channel() == Cleartext,
            Self::Chain => delivery.channel() == Untrusted,
            Self::Host => entry.is_some_and(|entry| entry.mx != delivery.relay),
            Self::Version(version) => delivery.mentions(&format!(": {version} with cipher")),
        }
    }

    /// A word for the matrix.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Nowhere => "-",
            Self::NoTls => "no TLS",
            Self::Chain => "untrusted chain",
            Self::Host => "MX host not listed",
            Self::Version(version) => version,
        }
    }
}

/// A few words for the matrix.
pub(crate) fn summary(delivery: &Delivery) -> String {
    match delivery.status.as_str() {
        "sent" => format!("{} {:?}", delivery.relay, delivery.channel()),
        status => format!("{status} {}", delivery.dsn),
    }
}

const NO_STARTTLS: Outcome = Deferred("4.7.4", "TLS is required, but was not offered by host");
const WRONG_NAME: Outcome = Deferred("4.7.5", "hostname mismatch");
/// OpenSSL's number for an anchor or a key that is not among those which were asked for.
const NOT_PINNED: Outcome = Deferred("4.7.5", "num=65:");
const NOT_IN_PATTERNS: Option<Outcome> = Some(Deferred("4.3.0", "does not match STS MX pattern for"));

/// All of them.
#[rustfmt::skip]
pub(crate) const CASES: &[Case] = &[
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
