//! Claim: MTA-STS policies are found and enforced; a policy host that misbehaves holds no mail up and releases no list
//! entry; `testing` and `none` release one.
//!
//! Spec: RFC 8461 §3.3, §4 and §5.

use anyhow::{Result, ensure};
use starttls_e2e::cases::list;
use starttls_e2e::daemon::Settings;
use starttls_e2e::delivery::Channel::{Cleartext, Trusted, Untrusted, Verified};
use starttls_e2e::matrix::Matrix;
use starttls_e2e::names::Names;
use starttls_e2e::outcome;
use starttls_e2e::outcome::Outcome::{self, Deferred, Sent};
use starttls_e2e::policy_host::{Published, Serving};
use starttls_e2e::postfix::ENFORCES_PATTERNS;

use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

/// One case: a domain, whose other self with `-listed` in its name is also on a list that enforces the same hosts.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    /// The first label of the domain, which is in the zone `plain`.
    label: &'static str,
    host: &'static str,
    mode: &'static str,
    pattern: &'static str,
    serving: Serving,
    record: Record,
    /// Without the daemon.
    harm: Outcome,
    alone: Outcome,
    listed: Outcome,
    /// Where Postfix compares MX hosts with patterns, if that makes a difference.
    by_pattern: Option<Outcome>,
}

/// What the DNS says of a policy.
#[derive(Clone, Copy)]
enum Record {
    /// That there is one.
    Announced,
    /// Nothing.
    None,
    /// Two things.
    Twice,
    /// That there is one, on a host without address.
    NoHost,
}

const CLEAR: Outcome = Sent("absent.mx.test", Cleartext);
const NO_STARTTLS: Outcome = Deferred("4.7.4", "TLS is required, but was not offered by host");
const WRONG_NAME: Outcome = Deferred("4.7.5", "hostname mismatch");
const NOT_IN_PATTERNS: Option<Outcome> = Some(Deferred("4.3.0", "does not match STS MX pattern for"));

/// Served as it should be, for a host without STARTTLS: to enforce it is to defer mail.
const GOOD: Case = Case {
    name: "served well",
    label: "well",
    host: "absent.mx.test",
    mode: "enforce",
    pattern: "absent.mx.test",
    serving: Serving::Well,
    record: Record::Announced,
    harm: CLEAR,
    alone: NO_STARTTLS,
    listed: NO_STARTTLS,
    by_pattern: None,
};

/// Not to be had: mail goes out as without, unless a list says otherwise.
const LOST: Case = Case { alone: CLEAR, ..GOOD };

const CASES: &[Case] = &[
    Case {
        name: "host and certificate fit",
        label: "fits",
        host: "good.mx.test",
        pattern: "good.mx.test",
        harm: Sent("good.mx.test", Trusted),
        alone: Sent("good.mx.test", Verified),
        listed: Sent("good.mx.test", Verified),
        ..GOOD
    },
    Case {
        name: "wildcard pattern",
        label: "pool",
        host: "mx1.pool.test",
        pattern: "*.pool.test",
        harm: Sent("mx1.pool.test", Trusted),
        alone: Sent("mx1.pool.test", Verified),
        listed: Sent("mx1.pool.test", Verified),
        ..GOOD
    },
    Case {
        name: "MX spoofed",
        label: "spoofed",
        host: "mx.attacker.test",
        pattern: "good.mx.test",
        harm: Sent("mx.attacker.test", Trusted),
        alone: WRONG_NAME,
        listed: WRONG_NAME,
        by_pattern: NOT_IN_PATTERNS,
        ..GOOD
    },
    Case {
        name: "MX alias",
        label: "alias",
        host: "alias.mx.test",
        pattern: "good.mx.test",
        harm: Sent("alias.mx.test", Trusted),
        alone: Sent("alias.mx.test", Verified),
        listed: Sent("alias.mx.test", Verified),
        by_pattern: NOT_IN_PATTERNS,
        ..GOOD
    },
    Case {
        name: "wrong name",
        label: "wrongname",
        host: "wrongname.mx.test",
        pattern: "wrongname.mx.test",
        harm: Sent("wrongname.mx.test", Trusted),
        alone: WRONG_NAME,
        listed: WRONG_NAME,
        ..GOOD
    },
    Case {
        name: "unknown CA",
        label: "otherca",
        host: "otherca.mx.test",
        pattern: "otherca.mx.test",
        harm: Sent("otherca.mx.test", Untrusted),
        alone: Deferred("4.7.5", "untrusted issuer"),
        listed: Deferred("4.7.5", "untrusted issuer"),
        ..GOOD
    },
    GOOD,
    Case {
        name: "`testing` releases",
        label: "testing",
        mode: "testing",
        alone: CLEAR,
        listed: CLEAR,
        ..GOOD
    },
    Case { name: "`none` releases", label: "none", mode: "none", alone: CLEAR, listed: CLEAR, ..GOOD },
    Case { name: "no policy", label: "without", record: Record::None, ..LOST },
    Case { name: "announced twice", label: "twice", record: Record::Twice, ..LOST },
    Case { name: "policy host has no address", label: "nohost", record: Record::NoHost, ..LOST },
    Case { name: "certificate for another name", label: "othername", serving: Serving::OtherName, ..LOST },
    Case { name: "certificate of unknown CA", label: "otherroot", serving: Serving::OtherAuthority, ..LOST },
    Case { name: "certificate expired", label: "outdated", serving: Serving::Expired, ..LOST },
    Case { name: "redirected", label: "redirected", serving: Serving::Redirected, ..LOST },
    Case { name: "status 404", label: "missing", serving: Serving::Missing, ..LOST },
    Case { name: "text/html", label: "html", serving: Serving::Html, ..LOST },
    Case { name: "64 KiB and a byte", label: "toolong", serving: Serving::TooLong, ..LOST },
    Case { name: "a byte a second", label: "dripping", serving: Serving::Dripping, ..LOST },
    Case { name: "stalled", label: "stalled", serving: Serving::Stalled, ..LOST },
    Case { name: "hanging", label: "hanging", serving: Serving::Hanging, ..LOST },
];

impl Case {
    fn domains(&self) -> [String; 2] {
        ["", "-listed"].map(|other| format!("{}{other}.plain", self.label))
    }

    fn policies(&self) -> [Published; 2] {
        self.domains().map(|domain| Published::new(&domain, self.mode, &[self.pattern]).served(self.serving))
    }
}

fn names(names: &mut Names) -> Result<()> {
    for case in CASES {
        for policy in case.policies() {
            names.mx(&policy.domain, 10, case.host)?;
            let record = format!("_mta-sts.{}", policy.domain);
            match case.record {
                Record::Announced => policy.announce(names)?,
                Record::None => {}
                Record::Twice => {
                    policy.announce(names)?;
                    names.zone(&record)?.txt(&record, "v=STSv1; id=2;");
                }
                Record::NoHost => names.announce(&policy.domain, "1")?,
            }
        }
    }
    Ok(())
}

fn play(stage: &mut Stage) -> Result<()> {
    let mut matrix = Matrix::default();
    let result = fill(stage, &mut matrix);
    matrix.conclude(&format!("Postfix {}, MTA-STS by the daemon", stage.version), result)
}

fn fill(stage: &Stage, matrix: &mut Matrix) -> Result<()> {
    column(stage, matrix, "without the daemon", 0, |case| case.harm)?;

    let hosts = stage.lab.policy_hosts(&CASES.iter().flat_map(Case::policies).collect::<Vec<_>>())?;
    let listed = CASES.iter().map(|case| {
        let [_, domain] = case.domains();
        (domain, vec![case.pattern])
    });
    let lists = vec![list::plain("enforce", &listed.collect::<Vec<_>>())];
    let daemon = stage.start(Settings { lists, ..Settings::default() })?;
    stage.ask(&daemon)?;
    let by_pattern = |case: &Case| case.by_pattern.filter(|_| stage.version >= ENFORCES_PATTERNS);
    column(stage, matrix, "policy alone", 0, |case| by_pattern(case).unwrap_or(case.alone))?;
    column(stage, matrix, "policy and list", 1, |case| by_pattern(case).unwrap_or(case.listed))?;

    // Whatever is wrong with a policy host, it is asked, and not again with every mail.
    column(stage, matrix, "once more", 0, |case| by_pattern(case).unwrap_or(case.alone))?;
    for case in CASES.iter().filter(|case| matches!(case.serving, Serving::Well | Serving::Missing)) {
        let [domain, _] = case.domains();
        let (asked, due) = (hosts.count(&domain)?, usize::from(matches!(case.record, Record::Announced)));
        ensure!(asked == due, "the policy host of {domain} was asked {asked} times");
    }
    Ok(())
}

/// Sends a mail to one domain of each case, and fills a column with what became of it.
fn column(
    stage: &Stage,
    matrix: &mut Matrix,
    title: &str,
    index: usize,
    rightly: impl Fn(&Case) -> Outcome,
) -> Result<()> {
    matrix.column(title);
    let user = title.replace(' ', "-");
    let recipients: Vec<_> = CASES.iter().map(|case| format!("{user}@{}", case.domains()[index])).collect();
    let deliveries = stage.deliver(&recipients)?;
    for (case, delivery) in CASES.iter().zip(&deliveries) {
        let complaint = rightly(case).complaint(&stage.lab, delivery)?;
        matrix.cell(case.name, &outcome::summary(delivery), complaint);
    }
    Ok(())
}
