//! Claim: a resolver that does not validate switches DANE off, loudly, and nothing else; one that stops validating makes
//! the domains wait that DANE protected.
//!
//! Spec: RFC 7672 §2.1.1 (only validated answers count).

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
        ("match.test", &[(10, "match.mx.test")]),
        ("nothing.plain", &[(10, super::HOST)]),
        ("listed.plain", &[(10, super::HOST)]),
    ])?;
    announce(names, &held(&["held.plain"]))
}

fn play(stage: &mut Stage) -> Result<()> {
    let _hosts = stage.lab.policy_hosts(&held(&["held.plain"]))?;
    stage.lab.dns.start_resolver(Validation::Ignores)?;
    let settings = Settings { clock: Clock::Told, lists: listed(&["listed.plain"]), ..Settings::default() };
    let mut daemon = stage.start(settings)?;
    stage.ask(&daemon)?;
    daemon.log().wait_for_line("DANE is not available", 0)?;
    let others = [("held.plain", "secure"), ("listed.plain", "secure"), ("nothing.plain", "none")];
    daemon.expect(&others)?;
    daemon.expect(&[("match.test", "none")])?;
    stage.expect_all(&[
        ("never@match.test", Sent("match.mx.test", Untrusted)),
        ("never@held.plain", HELD),
        ("never@listed.plain", HELD),
        ("never@nothing.plain", CLEAR),
    ])?;

    stage.lab.dns.start_resolver(Validation::Verifies)?;
    daemon.later("5m")?;
    daemon.wait_for_level("match.test", "dane-only")?;
    daemon.log().wait_for_line("DANE is in use", 0)?;
    stage.expect("repaired@match.test", Sent("match.mx.test", Verified))?;

    let skip = daemon.log().lines()?.len();
    stage.lab.dns.start_resolver(Validation::Ignores)?;
    daemon.later("10m")?;
    daemon.wait_for_level("match.test", "later")?;
    daemon.log().wait_for_line("ERROR", skip)?;
    daemon.expect(&others)?;
    stage.expect_all(&[
        ("lost@match.test", Deferred("4.7.5", "policy table lookup error")),
        ("lost@held.plain", HELD),
        ("lost@nothing.plain", CLEAR),
    ])?;

    // A daemon that is started now has never seen this resolver validate, and knows whom DANE protected.
    daemon.stop()?;
    daemon.resume()?;
    daemon.expect(&[("match.test", "later")])?;
    daemon.expect(&others)?;
    stage.expect("restarted@match.test", Deferred("4.7.5", "policy table lookup error"))
}
