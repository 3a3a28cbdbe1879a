//! Claim: while the resolver is dead, what is known is answered, what is not waits; then everything comes back by itself.
//!
//! Spec: RFC 7672 §2.1.1 and §2.1.2 (look-ups that fail).

use anyhow::Result;
use starttls_e2e::daemon::Settings;
use starttls_e2e::delivery::Channel::{Untrusted, Verified};
use starttls_e2e::dns::Validation;
use starttls_e2e::names::Names;
use starttls_e2e::outcome::Outcome::{Deferred, Sent};
use starttls_e2e::program::Clock;

use super::{CLEAR, HELD, announce, held, listed};
use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

fn names(names: &mut Names) -> Result<()> {
    names.mail(&[
        ("known.test", &[(10, "match.mx.test")]),
        ("late.test", &[(10, "match.mx.test")]),
        ("forged.test", &[(10, "mismatch.mx.test")]),
        ("listed.plain", &[(10, super::HOST)]),
    ])?;
    announce(names, &held(&["held.plain"]))
}

fn play(stage: &mut Stage) -> Result<()> {
    let _hosts = stage.lab.policy_hosts(&held(&["held.plain"]))?;
    stage.expect_all(&[
        ("before@late.test", Sent("match.mx.test", Untrusted)),
        ("before@held.plain", CLEAR),
        ("before@listed.plain", CLEAR),
    ])?;
    let settings = Settings { clock: Clock::Told, lists: listed(&["listed.plain"]), ..Settings::default() };
    let daemon = stage.start(settings)?;
    stage.ask(&daemon)?;
    let known = [("known.test", "dane-only"), ("held.plain", "secure")];
    daemon.expect(&known)?;

    stage.lab.dns.stop_resolver()?;
    daemon.expect(&known)?;
    // Nobody knows whether there are TLSA records: not even a list may be obeyed in their place.
    daemon.expect(&[("late.test", "later"), ("forged.test", "later"), ("listed.plain", "later")])?;

    stage.lab.dns.start_resolver(Validation::Verifies)?;
    daemon.later("2h")?;
    for (domain, level) in [("late.test", "dane-only"), ("listed.plain", "secure"), ("held.plain", "secure")]
    {
        daemon.wait_for_level(domain, level)?;
    }
    stage.expect_all(&[
        ("after@late.test", Sent("match.mx.test", Verified)),
        ("after@forged.test", Deferred("4.7.5", "no matching DANE TLSA records")),
        ("after@held.plain", HELD),
        ("after@listed.plain", HELD),
    ])
}
