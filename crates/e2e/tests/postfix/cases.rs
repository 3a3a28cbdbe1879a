//! The cases: one recipient domain each, its MX hosts, its policy, and what must become of mail to it.

use anyhow::Result;
use starttls_e2e::delivery::{Channel, Delivery};
use starttls_e2e::lab::{Keys, Lab};
use starttls_e2e::postfix::Version;

/// From here on Postfix compares MX hosts with the patterns of a policy.
const ENFORCES_PATTERNS: Version = Version(3, 10, 5);

/// One case.
pub(crate) struct Case {
    /// What is wrong, in a few words.
    pub(crate) name: &'static str,
    /// The recipient domain.
    pub(crate) domain: &'static str,
    /// What DNS says (under the attacker's control in the zone `plain`): preference and MX host.
    pub(crate) hosts: &'static [(u16, &'static str)],
    /// The answer of a policy table, as an expert would write it.
    pub(crate) line: fn(&Keys) -> String,
    /// The entry of a policy list, but for its mode.
    pub(crate) policy: fn(&Keys) -> String,
    /// What becomes of mail without a policy.
    pub(crate) wrongly: Outcome,
    /// What must become of it when the policy is enforced.
    pub(crate) rightly: Outcome,
    /// The same, where MX patterns are enforced and that makes a difference.
    pub(crate) rightly_by_pattern: Option<Outcome>,
    /// What the log shows of the defect although the mail is delivered: a channel no better than this, or these words.
    pub(crate) shown: Shown,
}

/// How Postfix's log betrays a defect when the policy is not enforced.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown {
    /// Not at all, since names are compared under an enforced policy only; or there is no defect.
    Nowhere,
    /// By the absence of a line about TLS.
    Cleartext,
    /// By the word `Untrusted` in the line about TLS.
    Untrusted,
    /// By the MX host, which is not on the list.
    Host,
    /// By the version in the line about TLS.
    Version(&'static str),
}

impl Case {
    /// What must become of mail when the policy is enforced.
    pub(crate) fn rightly(&self, version: Version) -> Outcome {
        self.rightly_by_pattern.filter(|_| version >= ENFORCES_PATTERNS).unwrap_or(self.rightly)
    }
}

/// What becomes of a mail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome {
    /// It goes to this host, by this channel.
    Sent(&'static str, Channel),
    /// It stays, with this status code, and the log says this.
    Deferred(&'static str, &'static str),
}
use Channel::{Anonymous, Cleartext, Trusted, Untrusted, Verified};
use Outcome::{Deferred, Sent};

impl Outcome {
    /// What is not so in `delivery`, if anything.
    pub(crate) fn complaint(self, lab: &Lab, delivery: &Delivery) -> Result<Option<String>> {
        let wrong = |what: String| Ok(Some(format!("{what}:\n  {}", delivery.session.join("\n  "))));
        match self {
            Sent(host, channel) => {
                if (delivery.status.as_str(), delivery.relay.as_str()) != ("sent", host) {
                    return wrong(format!("not sent to {host}"));
                }
                if delivery.channel() != channel {
                    return wrong(format!("channel is {:?}, not {channel:?}", delivery.channel()));
                }
                let receipt = lab.receiver.receipt(&delivery.recipient)?;
                // One host, two names.
                let host = if host == "alias.mx.test" { "good.mx.test" } else { host };
                if receipt.host != host || receipt.encrypted != (channel != Cleartext) {
                    return wrong(format!("the receiver saw {receipt:?}"));
                }
            }
            Deferred(dsn, words) => {
                if (delivery.status.as_str(), delivery.dsn.as_str()) != ("deferred", dsn) {
                    return wrong(format!("not deferred with {dsn}"));
                }
                if !delivery.mentions(words) {
                    return wrong(format!("no `{words}` in the log"));
                }
                if let Some(receipt) = lab.receiver.receipts()?.get(&delivery.recipient) {
                    return wrong(format!("deferred, and received all the same: {receipt:?}"));
                }
            }
        }
        Ok(None)
    }
}

/// A few words for the matrix.
pub(crate) fn summary(delivery: &Delivery) -> String {
    match delivery.status.as_str() {
        "sent" => format!("{} {:?}", delivery.relay, delivery.channel()),
        status => format!("{status} {}", delivery.dsn),
    }
}

/// All of them.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "all is well",
        domain: "good.test",
        hosts: &[(10, "good.mx.test")],
        line: |_| secure("good.mx.test"),
        policy: |_| r#""mx": ["good.mx.test"]"#.into(),
        wrongly: Sent("good.mx.test", Trusted),
        rightly: Sent("good.mx.test", Verified),
        rightly_by_pattern: None,
        shown: Shown::Nowhere,
    },
    Case {
        name: "wildcard pattern",
        domain: "pool.plain",
        hosts: &[(10, "mx1.pool.test")],
        line: |_| secure(".pool.test"),
        policy: |_| r#""mx": ["*.pool.test"]"#.into(),
        wrongly: Sent("mx1.pool.test", Trusted),
        rightly: Sent("mx1.pool.test", Verified),
        rightly_by_pattern: None,
        shown: Shown::Nowhere,
    },
    Case {
        name: "STARTTLS absent",
        domain: "absent.test",
        hosts: &[(10, "absent.mx.test")],
        line: |_| secure("absent.mx.test"),
        policy: |_| r#""mx": ["absent.mx.test"]"#.into(),
        wrongly: Sent("absent.mx.test", Cleartext),
        rightly: Deferred("4.7.4", "TLS is required, but was not offered by host"),
        rightly_by_pattern: None,
        shown: Shown::Cleartext,
    },
    Case {
        name: "STARTTLS stripped",
        domain: "stripped.test",
        hosts: &[(10, "stripped.mx.test")],
        line: |_| secure("stripped.mx.test"),
        policy: |_| r#""mx": ["stripped.mx.test"]"#.into(),
        wrongly: Sent("stripped.mx.test", Cleartext),
        rightly: Deferred("4.7.4", "TLS is required, but was not offered by host"),
        rightly_by_pattern: None,
        shown: Shown::Cleartext,
    },
    Case {
        name: "MX spoofed",
        domain: "spoofed.plain",
        hosts: &[(10, "mx.attacker.test")],
        line: |_| secure("good.mx.test"),
        policy: |_| r#""mx": ["good.mx.test"]"#.into(),
        wrongly: Sent("mx.attacker.test", Trusted),
        rightly: Deferred("4.7.5", "hostname mismatch"),
        rightly_by_pattern: Some(Deferred("4.3.0", "does not match STS MX pattern")),
        shown: Shown::Host,
    },
    Case {
        name: "MX alias",
        domain: "alias.plain",
        hosts: &[(10, "alias.mx.test")],
        line: |_| secure("good.mx.test"),
        policy: |_| r#""mx": ["good.mx.test"]"#.into(),
        wrongly: Sent("alias.mx.test", Trusted),
        rightly: Sent("alias.mx.test", Verified),
        rightly_by_pattern: Some(Deferred("4.3.0", "does not match STS MX pattern")),
        shown: Shown::Host,
    },
    Case {
        name: "first MX spoofed",
        domain: "second.plain",
        hosts: &[(5, "mx.attacker.test"), (10, "good.mx.test")],
        line: |_| secure("good.mx.test"),
        policy: |_| r#""mx": ["good.mx.test"]"#.into(),
        wrongly: Sent("mx.attacker.test", Trusted),
        rightly: Sent("good.mx.test", Verified),
        rightly_by_pattern: None,
        shown: Shown::Host,
    },
    Case {
        name: "wrong name",
        domain: "wrongname.test",
        hosts: &[(10, "wrongname.mx.test")],
        line: |_| secure("wrongname.mx.test"),
        policy: |_| r#""mx": ["wrongname.mx.test"]"#.into(),
        wrongly: Sent("wrongname.mx.test", Trusted),
        rightly: Deferred("4.7.5", "hostname mismatch"),
        rightly_by_pattern: None,
        shown: Shown::Nowhere,
    },
    Case {
        name: "unknown CA",
        domain: "otherca.test",
        hosts: &[(10, "otherca.mx.test")],
        line: |_| secure("otherca.mx.test"),
        policy: |_| r#""mx": ["otherca.mx.test"]"#.into(),
        wrongly: Sent("otherca.mx.test", Untrusted),
        rightly: Deferred("4.7.5", "untrusted issuer"),
        rightly_by_pattern: None,
        shown: Shown::Untrusted,
    },
    Case {
        name: "expired",
        domain: "expired.test",
        hosts: &[(10, "expired.mx.test")],
        line: |_| secure("expired.mx.test"),
        policy: |_| r#""mx": ["expired.mx.test"]"#.into(),
        wrongly: Sent("expired.mx.test", Untrusted),
        rightly: Deferred("4.7.5", "certificate has expired"),
        rightly_by_pattern: None,
        shown: Shown::Untrusted,
    },
    Case {
        name: "self-signed",
        domain: "selfsigned.test",
        hosts: &[(10, "selfsigned.mx.test")],
        line: |_| secure("selfsigned.mx.test"),
        policy: |_| r#""mx": ["selfsigned.mx.test"]"#.into(),
        wrongly: Sent("selfsigned.mx.test", Untrusted),
        rightly: Deferred("4.7.5", "self-signed certificate"),
        rightly_by_pattern: None,
        shown: Shown::Untrusted,
    },
    Case {
        name: "TLS 1.2, and 1.3 wanted",
        domain: "old.test",
        hosts: &[(10, "old.mx.test")],
        line: |_| "secure match=old.mx.test servername=hostname protocols=>=TLSv1.3".into(),
        policy: |_| r#""mx": ["old.mx.test"], "min-tls-version": "TLSv1.3""#.into(),
        wrongly: Sent("old.mx.test", Anonymous),
        rightly: Deferred("4.7.5", "Cannot start TLS: handshake failure"),
        rightly_by_pattern: None,
        shown: Shown::Version("TLSv1.2"),
    },
    Case {
        name: "TLS 1.2, and 1.2 wanted",
        domain: "older.test",
        hosts: &[(10, "old.mx.test")],
        line: |_| "secure match=old.mx.test servername=hostname protocols=>=TLSv1.2".into(),
        policy: |_| r#""mx": ["old.mx.test"], "min-tls-version": "TLSv1.2""#.into(),
        wrongly: Sent("old.mx.test", Anonymous),
        rightly: Sent("old.mx.test", Verified),
        rightly_by_pattern: None,
        shown: Shown::Nowhere,
    },
    Case {
        name: "right anchor pinned",
        domain: "anchored.test",
        hosts: &[(10, "otherca.mx.test")],
        line: |_| format!("{} tafile=/lab/other.pem", secure("otherca.mx.test")),
        policy: |_| r#""mx": ["otherca.mx.test"], "pinset": "other-root""#.into(),
        wrongly: Sent("otherca.mx.test", Untrusted),
        rightly: Sent("otherca.mx.test", Verified),
        rightly_by_pattern: None,
        shown: Shown::Nowhere,
    },
    Case {
        name: "wrong anchor pinned",
        domain: "misanchored.test",
        hosts: &[(10, "good.mx.test")],
        line: |_| format!("{} tafile=/lab/other.pem", secure("good.mx.test")),
        policy: |_| r#""mx": ["good.mx.test"], "pinset": "other-root""#.into(),
        wrongly: Sent("good.mx.test", Trusted),
        rightly: Deferred("4.7.5", "num=65:"),
        rightly_by_pattern: None,
        shown: Shown::Nowhere,
    },
    Case {
        name: "right leaf pinned",
        domain: "pinned.test",
        hosts: &[(10, "selfsigned.mx.test")],
        line: |keys| format!("fingerprint match={}", fingerprint(&keys.self_signed_sha256)),
        policy: |_| r#""mx": ["selfsigned.mx.test"], "pinset": "right-leaf""#.into(),
        wrongly: Sent("selfsigned.mx.test", Untrusted),
        rightly: Sent("selfsigned.mx.test", Verified),
        rightly_by_pattern: None,
        shown: Shown::Nowhere,
    },
    Case {
        name: "wrong leaf pinned",
        domain: "mispinned.test",
        hosts: &[(10, "good.mx.test")],
        line: |keys| format!("fingerprint match={}", fingerprint(&keys.unused_sha256)),
        policy: |_| r#""mx": ["good.mx.test"], "pinset": "wrong-leaf""#.into(),
        wrongly: Sent("good.mx.test", Trusted),
        rightly: Deferred("4.7.5", "Server certificate not verified"),
        rightly_by_pattern: None,
        shown: Shown::Nowhere,
    },
];

fn secure(host: &str) -> String {
    format!("secure match={host} servername=hostname protocols=>=TLSv1.2")
}

fn fingerprint(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}
