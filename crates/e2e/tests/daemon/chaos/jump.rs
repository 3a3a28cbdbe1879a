//! Claim: a clock that jumps, forth and back, takes no protection away that is still there to be had, and what was learnt in
//! a future that did not come holds.

use anyhow::Result;
use starttls_e2e::daemon::Settings;
use starttls_e2e::names::Names;
use starttls_e2e::program::{Clock, tell_time};

use super::{CLEAR, HELD, announce, held, listed};
use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

const DOMAINS: &[&str] = &["steady.plain", "listed.plain"];

fn names(names: &mut Names) -> Result<()> {
    announce(names, &held(DOMAINS))
}

fn play(stage: &mut Stage) -> Result<()> {
    let mut hosts = stage.lab.policy_hosts(&held(&["steady.plain"]))?;
    stage.expect("before@steady.plain", CLEAR)?;
    let settings = Settings { clock: Clock::Jumps, lists: listed(&["listed.plain"]), ..Settings::default() };
    let mut daemon = stage.start(settings)?;
    stage.ask(&daemon)?;
    let all = DOMAINS.iter().map(|domain| (*domain, "secure")).collect::<Vec<_>>();
    for jump in ["0d", "400d", "2d", "800d"] {
        tell_time(&stage.site, jump)?;
        daemon.expect(&all)?;
        // With nothing at hand but what was stored, too.
        daemon.stop()?;
        daemon.resume()?;
        daemon.expect(&all)?;
    }
    hosts.stop()?;
    stage.lab.dns.change(|names| names.strip_sts("steady.plain"))?;
    tell_time(&stage.site, "0d")?;
    daemon.stop()?;
    daemon.resume()?;
    daemon.expect(&all)?;
    stage.expect("after@steady.plain", HELD)
}
