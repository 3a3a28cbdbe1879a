//! Claim: policies that were learnt outlast their record and their host, as long as they said and no longer; a new
//! `id` is noticed.
//!
//! Spec: RFC 8461 §3.1 (`id`), §5.1 (a kept policy), §10.2 (its end).

use anyhow::Result;
use starttls_e2e::daemon::Settings;
use starttls_e2e::names::Names;
use starttls_e2e::policy_host::policy;
use starttls_e2e::program::Clock;

use super::{CLEAR, HELD, announce, held, listed};
use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

const DOMAINS: &[&str] = &["stripped.plain", "stripped-listed.plain", "changed.plain", "steady.plain"];

fn names(names: &mut Names) -> Result<()> {
    announce(names, &held(DOMAINS))
}

fn play(stage: &mut Stage) -> Result<()> {
    let hosts = stage.lab.policy_hosts(&held(DOMAINS))?;
    stage.expect("before@stripped.plain", CLEAR)?;
    let lists = listed(&["stripped-listed.plain"]);
    let daemon = stage.start(Settings { clock: Clock::Told, lists, ..Settings::default() })?;
    stage.ask(&daemon)?;
    stage.expect_all(&[("first@stripped.plain", HELD), ("first@changed.plain", HELD)])?;
    daemon.expect(&DOMAINS.iter().map(|domain| (*domain, "secure")).collect::<Vec<_>>())?;

    // An attacker takes record and host of one domain away; the owner of another one changes its policy.
    hosts.publish("changed.plain", &policy("testing", &[super::HOST]))?;
    stage.lab.dns.change(|names| {
        names.strip_sts("stripped.plain")?;
        names.strip_sts("stripped-listed.plain")?;
        names.announce("changed.plain", "2")
    })?;
    daemon.later("1d")?;
    daemon.wait_for_level("changed.plain", "none")?;
    stage.expect_all(&[
        ("second@changed.plain", CLEAR),
        ("second@stripped.plain", HELD),
        ("second@steady.plain", HELD),
    ])?;
    daemon.later("6d")?;
    stage.expect_all(&[("third@stripped.plain", HELD), ("third@steady.plain", HELD)])?;

    // A week, and the policy has ended; what can be confirmed goes on.
    daemon.later("8d")?;
    daemon.wait_for_level("stripped.plain", "none")?;
    stage.expect_all(&[
        ("fourth@stripped.plain", CLEAR),
        ("fourth@stripped-listed.plain", HELD),
        ("fourth@steady.plain", HELD),
    ])?;
    Ok(())
}
