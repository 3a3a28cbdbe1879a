//! Claim: while the signature of a domain's MX or TLSA records is damaged, its mail waits; once it is whole, mail goes out
//! verified.
//!
//! Spec: RFC 4035 §4.3 (bogus), RFC 7672 §2.1.2 and §2.1.1 (what a sender does then).

use anyhow::Result;
use starttls_e2e::daemon::Settings;
use starttls_e2e::delivery::Channel::{Trusted, Untrusted, Verified};
use starttls_e2e::dns::Validation;
use starttls_e2e::names::Names;
use starttls_e2e::outcome::Outcome::{Deferred, Sent};
use starttls_e2e::program::Clock;

use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

fn names(names: &mut Names) -> Result<()> {
    names.mail(&[
        ("whole.test", &[(10, "both.mx.test")]),
        ("damaged-mx.test", &[(10, "both.mx.test")]),
        ("damaged-tlsa.test", &[(10, "match.mx.test")]),
    ])?;
    names.damage("damaged-mx.test", "MX")?;
    names.damage("_25._tcp.match.mx.test", "TLSA")
}

fn play(stage: &mut Stage) -> Result<()> {
    // Who does not look at signatures takes whatever is said.
    stage.lab.dns.start_resolver(Validation::Ignores)?;
    stage.expect_all(&[
        ("careless@damaged-mx.test", Sent("both.mx.test", Trusted)),
        ("careless@damaged-tlsa.test", Sent("match.mx.test", Untrusted)),
    ])?;
    stage.lab.dns.start_resolver(Validation::Verifies)?;
    stage.expect("unprotected@damaged-tlsa.test", Sent("match.mx.test", Untrusted))?;

    let daemon = stage.start(Settings { clock: Clock::Told, ..Settings::default() })?;
    stage.ask(&daemon)?;
    daemon.expect(&[
        ("whole.test", "dane-only"),
        ("damaged-mx.test", "later"),
        ("damaged-tlsa.test", "dane-only"),
    ])?;
    stage.expect_all(&[
        ("damaged@whole.test", Sent("both.mx.test", Verified)),
        ("damaged@damaged-mx.test", Deferred("4.4.3", "Name service error")),
        ("damaged@damaged-tlsa.test", Deferred("4.7.5", "TLSA lookup error for match.mx.test:25")),
    ])?;

    stage.lab.dns.change(|names| {
        names.mend();
        Ok(())
    })?;
    daemon.later("2h")?;
    daemon.wait_for_level("damaged-mx.test", "dane-only")?;
    stage.expect_all(&[
        ("mended@damaged-mx.test", Sent("both.mx.test", Verified)),
        ("mended@damaged-tlsa.test", Sent("match.mx.test", Verified)),
    ])
}
