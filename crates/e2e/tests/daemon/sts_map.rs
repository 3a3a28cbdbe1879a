//! Claim: sendmail with `FEATURE(sts)` that asks the daemon enforces MTA-STS policies: what fits is delivered, what does not waits,
//! and so does all mail while the daemon is gone.
//!
//! Spec: RFC 8461 §4 and §5; docs/daemon.md §4.

use anyhow::{Result, ensure};
use starttls_e2e::daemon::Settings;
use starttls_e2e::names::Names;
use starttls_e2e::policy_host::Published;
use starttls_e2e::receiver::Receipt;
use starttls_e2e::sendmail::{self, Asks, Sendmail};

use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

/// A domain whose policy enforces one pattern, and what becomes of its mail.
struct Case {
    domain: &'static str,
    host: &'static str,
    pattern: &'static str,
    /// When nobody is asked.
    harm: Fate,
    rightly: Fate,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    Encrypted,
    Cleartext,
    Waits(&'static str),
}

use Fate::{Cleartext, Encrypted, Waits};

const UNVERIFIED: Fate = Waits("403 4.7.0 authentication failed");

const NO_STARTTLS: Fate = Waits("403 4.7.0 other side does not support STARTTLS");

/// It does not say why, but gives up before it names a recipient.
const UNNAMED: Fate = Waits(">>> RSET");

const CASES: &[Case] = &[
    Case {
        domain: "fits.plain",
        host: "good.mx.test",
        pattern: "good.mx.test",
        harm: Encrypted,
        rightly: Encrypted,
    },
    Case {
        domain: "pattern.plain",
        host: "good.mx.test",
        pattern: "*.mx.test",
        harm: Encrypted,
        rightly: Encrypted,
    },
    Case {
        domain: "spoofed.plain",
        host: "mx.attacker.test",
        pattern: "good.mx.test",
        harm: Encrypted,
        rightly: UNNAMED,
    },
    Case {
        domain: "wrongname.plain",
        host: "wrongname.mx.test",
        pattern: "wrongname.mx.test",
        harm: Encrypted,
        rightly: UNNAMED,
    },
    Case {
        domain: "otherca.plain",
        host: "otherca.mx.test",
        pattern: "otherca.mx.test",
        harm: Encrypted,
        rightly: UNVERIFIED,
    },
    Case {
        domain: "absent.plain",
        host: "absent.mx.test",
        pattern: "absent.mx.test",
        harm: Cleartext,
        rightly: NO_STARTTLS,
    },
    // DANE would be content with this one. This sendmail knows nothing of DANE, and is told of the policy all the same.
    Case {
        domain: "both.test",
        host: "anchored.mx.test",
        pattern: "anchored.mx.test",
        harm: Encrypted,
        rightly: UNVERIFIED,
    },
    // Its own rules take no wildcard in a certificate, up to 8.17 at least: too strict, and not in the clear.
    Case {
        domain: "wildcard.plain",
        host: "mx1.pool.test",
        pattern: "*.pool.test",
        harm: Encrypted,
        rightly: UNNAMED,
    },
];

fn names(names: &mut Names) -> Result<()> {
    names.mx("nothing.plain", 10, "absent.mx.test")?;
    for (policy, case) in policies().iter().zip(CASES) {
        names.mx(case.domain, 10, case.host)?;
        policy.announce(names)?;
    }
    Ok(())
}

fn policies() -> Vec<Published> {
    CASES.iter().map(|case| Published::new(case.domain, "enforce", &[case.pattern])).collect()
}

fn play(stage: &mut Stage) -> Result<()> {
    let tree = sendmail::mount(&stage.trees, &stage.site)?;
    let careless = Sendmail::configure(&tree, &stage.site, "careless", Asks::Nobody)?;
    for Case { domain, host, harm, .. } in CASES {
        expect(stage, &careless, &format!("careless@{domain}"), host, *harm)?;
    }

    let _hosts = stage.lab.policy_hosts(&policies())?;
    let mut daemon = stage.start(Settings::default())?;
    let asking = Sendmail::configure(&tree, &stage.site, "asking", Asks::Daemon(daemon.address()))?;
    for Case { domain, host, rightly, .. } in CASES {
        expect(stage, &asking, &format!("asking@{domain}"), host, *rightly)?;
    }
    expect(stage, &asking, "asking@nothing.plain", "absent.mx.test", Cleartext)?;
    daemon.stop()?;
    expect(stage, &asking, "without@fits.plain", "good.mx.test", Waits("STS lookup temp fail"))
}

/// Sends one mail and complains if it does not end so.
fn expect(stage: &Stage, sendmail: &Sendmail, recipient: &str, host: &str, fate: Fate) -> Result<()> {
    let dialogue = sendmail.send(recipient)?;
    let complaint = || format!("{recipient}, not {fate:?}:\n{dialogue}");
    if let Waits(words) = fate {
        ensure!(dialogue.contains("... Deferred") && dialogue.contains(words), "{}", complaint());
        let receipts = stage.lab.receiver.receipts()?;
        ensure!(!receipts.contains_key(recipient), "{}", complaint());
    } else {
        ensure!(dialogue.contains("... Sent ("), "{}", complaint());
        let receipt = stage.lab.receiver.receipt(recipient)?;
        let expected = Receipt { host: host.to_owned(), encrypted: fate == Encrypted };
        ensure!(receipt == expected, "{receipt:?}: {}", complaint());
    }
    Ok(())
}
