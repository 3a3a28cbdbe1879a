//! The cases of DANE: a domain's hosts, what the daemon must answer, and what becomes of mail.

use starttls_e2e::delivery::Channel::{Trusted, Untrusted, Verified};
use starttls_e2e::outcome::Outcome::{self, Bounced, Deferred, Sent};
use starttls_e2e::socketmap::Reply;

/// What the daemon answers, without attributes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    Policy(&'static str),
    NotFound,
    Temporary,
}

use Answer::{NotFound, Policy, Temporary};

/// One case, in three domains: with nothing else, with MTA-STS that enforces, with a list that does.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// The first label of the domain.
    pub(super) label: &'static str,
    pub(super) zone: &'static str,
    pub(super) hosts: &'static [(u16, &'static str)],
    /// The hosts of the other policies.
    pub(super) patterns: &'static [&'static str],
    /// What becomes of mail without the daemon.
    pub(super) harm: Outcome,
    /// With nothing else.
    pub(super) alone: (Answer, Outcome),
    /// With another policy that enforces.
    pub(super) beside: (Answer, Outcome),
}

const ONLY: Answer = Policy("dane-only");
const DANE: Answer = Policy("dane");
const SECURE: Answer = Policy("secure");

const NO_MATCH: Outcome = Deferred("4.7.5", "no matching DANE TLSA records");
const NO_ANSWER: Outcome = Deferred("4.7.5", "TLSA lookup error for bogus.mx.test:25");

pub(super) const CASES: &[Case] = &[
    Case {
        name: "match",
        label: "match",
        zone: "test",
        hosts: &[(10, "match.mx.test")],
        patterns: &["match.mx.test"],
        harm: Sent("match.mx.test", Untrusted),
        alone: (ONLY, Sent("match.mx.test", Verified)),
        beside: (ONLY, Sent("match.mx.test", Verified)),
    },
    Case {
        name: "mismatch",
        label: "mismatch",
        zone: "test",
        hosts: &[(10, "mismatch.mx.test")],
        patterns: &["mismatch.mx.test"],
        harm: Sent("mismatch.mx.test", Trusted),
        alone: (ONLY, NO_MATCH),
        beside: (ONLY, NO_MATCH),
    },
    Case {
        name: "authority matches",
        label: "anchored",
        zone: "test",
        hosts: &[(10, "anchored.mx.test")],
        patterns: &["anchored.mx.test"],
        harm: Sent("anchored.mx.test", Untrusted),
        alone: (ONLY, Sent("anchored.mx.test", Verified)),
        beside: (ONLY, Sent("anchored.mx.test", Verified)),
    },
    Case {
        name: "authority does not match",
        label: "misanchored",
        zone: "test",
        hosts: &[(10, "misanchored.mx.test")],
        patterns: &["misanchored.mx.test"],
        harm: Sent("misanchored.mx.test", Trusted),
        alone: (ONLY, NO_MATCH),
        beside: (ONLY, NO_MATCH),
    },
    Case {
        name: "absent, proven",
        label: "absent",
        zone: "test",
        hosts: &[(10, "good.mx.test")],
        patterns: &["good.mx.test"],
        harm: Sent("good.mx.test", Trusted),
        alone: (NotFound, Sent("good.mx.test", Trusted)),
        beside: (SECURE, Sent("good.mx.test", Verified)),
    },
    Case {
        name: "unusable records alone",
        label: "unusable",
        zone: "test",
        hosts: &[(10, "unusable.mx.test")],
        patterns: &["unusable.mx.test"],
        harm: Sent("unusable.mx.test", Trusted),
        alone: (DANE, Sent("unusable.mx.test", Trusted)),
        beside: (SECURE, Sent("unusable.mx.test", Verified)),
    },
    Case {
        name: "bogus",
        label: "bogus",
        zone: "test",
        hosts: &[(10, "bogus.mx.test")],
        patterns: &["bogus.mx.test"],
        harm: Sent("bogus.mx.test", Trusted),
        alone: (ONLY, NO_ANSWER),
        beside: (ONLY, NO_ANSWER),
    },
    Case {
        name: "bogus at the first of two",
        label: "one-bogus",
        zone: "test",
        hosts: &[(5, "bogus.mx.test"), (10, "both.mx.test")],
        patterns: &["bogus.mx.test", "both.mx.test"],
        harm: Sent("bogus.mx.test", Trusted),
        alone: (ONLY, Sent("both.mx.test", Verified)),
        beside: (ONLY, Sent("both.mx.test", Verified)),
    },
    Case {
        name: "at the second of two alone",
        label: "half",
        zone: "test",
        hosts: &[(5, "good.mx.test"), (10, "match.mx.test")],
        patterns: &["good.mx.test", "match.mx.test"],
        harm: Sent("good.mx.test", Trusted),
        alone: (DANE, Sent("good.mx.test", Trusted)),
        beside: (ONLY, Sent("match.mx.test", Verified)),
    },
    Case {
        name: "MX unsigned, match",
        label: "match",
        zone: "plain",
        hosts: &[(10, "both.mx.test")],
        patterns: &["both.mx.test"],
        harm: Sent("both.mx.test", Trusted),
        alone: (DANE, Sent("both.mx.test", Trusted)),
        beside: (SECURE, Sent("both.mx.test", Verified)),
    },
    Case {
        name: "MX unsigned, mismatch",
        label: "mismatch",
        zone: "plain",
        hosts: &[(10, "mismatch.mx.test")],
        patterns: &["mismatch.mx.test"],
        harm: Sent("mismatch.mx.test", Trusted),
        alone: (DANE, NO_MATCH),
        beside: (SECURE, Sent("mismatch.mx.test", Verified)),
    },
    Case {
        name: "at the target of an alias",
        label: "cname",
        zone: "test",
        hosts: &[(10, "cname.mx.test")],
        patterns: &["cname.mx.test", "both.mx.test"],
        harm: Sent("cname.mx.test", Trusted),
        alone: (ONLY, Sent("cname.mx.test", Verified)),
        beside: (ONLY, Sent("cname.mx.test", Verified)),
    },
    Case {
        name: "mismatch at the target of an alias",
        label: "misled",
        zone: "test",
        hosts: &[(10, "misled.mx.test")],
        patterns: &["misled.mx.test", "mismatch.mx.test"],
        harm: Sent("misled.mx.test", Trusted),
        alone: (ONLY, NO_MATCH),
        beside: (ONLY, NO_MATCH),
    },
    Case {
        name: "MX look-up fails",
        label: "servfail",
        zone: "bogus",
        hosts: &[(10, "good.mx.test")],
        patterns: &["good.mx.test"],
        harm: Deferred("4.4.3", "Name service error"),
        alone: (Temporary, Deferred("4.4.3", "Name service error")),
        beside: (Temporary, Deferred("4.4.3", "Name service error")),
    },
    Case {
        name: "null MX",
        label: "null",
        zone: "test",
        hosts: &[],
        patterns: &["good.mx.test"],
        harm: Bounced("5.1.0", "does not accept mail (nullMX)"),
        alone: (NotFound, Bounced("5.1.0", "does not accept mail (nullMX)")),
        beside: (SECURE, Bounced("5.1.0", "does not accept mail (nullMX)")),
    },
    Case {
        name: "no MX: the domain itself",
        label: "implicit",
        zone: "test",
        hosts: &[],
        patterns: &["implicit.test"],
        harm: Sent("implicit.test", Untrusted),
        alone: (ONLY, Sent("implicit.test", Verified)),
        beside: (ONLY, Sent("implicit.test", Verified)),
    },
];

impl Case {
    /// The domains: with nothing else, with MTA-STS, with a list.
    pub(super) fn domains(&self) -> [String; 3] {
        ["", "-sts", "-listed"].map(|other| format!("{}{other}.{}", self.label, self.zone))
    }

    /// What must become of mail to the second and third domain as the first, if the host is the domain itself.
    pub(super) fn rightly(&self, index: usize) -> (Answer, Outcome) {
        let (answer, outcome) = if index == 0 { self.alone } else { self.beside };
        (answer, self.of_itself(index, outcome))
    }

    pub(super) fn of_itself(&self, index: usize, outcome: Outcome) -> Outcome {
        let [own, ..] = self.domains();
        match outcome {
            Sent(host, channel) if host == own => Sent(self.domains()[index].clone().leak(), channel),
            other => other,
        }
    }
}

impl Answer {
    pub(super) fn is(self, reply: &Reply) -> bool {
        match (self, reply) {
            (Policy(level), Reply::Ok(_)) => level == reply.level(),
            (NotFound, Reply::NotFound) | (Temporary, Reply::Temporary(_)) => true,
            _ => false,
        }
    }
}
