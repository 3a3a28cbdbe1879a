//! Claim: what one daemon learnt protects through another one that shares its database, while that one cannot tell what is published,
//! and not where it sees that nothing is; without the database each goes on by itself, and says so.

use anyhow::Result;
use starttls_e2e::daemon::Settings;
use starttls_e2e::names::Names;
use starttls_e2e::policy_host::Published;
use starttls_e2e::postgres::{Postgres, URL};

use super::{CLEAR, HELD, announce, held, listed};
use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

fn policies() -> Vec<Published> {
    let mut policies = held(&["learnt.plain", "new.plain", "later.plain"]);
    // Releases the list entry of its domain, for who sees it.
    policies.push(Published::new("released.plain", "none", &[super::HOST]));
    policies
}

fn names(names: &mut Names) -> Result<()> {
    names.mx("nothing.plain", 10, super::HOST)?;
    announce(names, &policies())
}

fn play(stage: &mut Stage) -> Result<()> {
    let mut hosts = stage.lab.policy_hosts(&policies())?;
    let mut database = Postgres::start(&stage.trees, &stage.site)?;
    let settings = Settings {
        lists: listed(&["released.plain"]),
        further: format!("store = \"{URL}\"\n"),
        ..Settings::default()
    };
    let first = stage.start(settings.clone())?;
    let second = stage.start(Settings { name: "second", port: 8471, ..settings })?;
    stage.ask(&first)?;
    stage.expect_all(&[("first@learnt.plain", HELD), ("first@released.plain", CLEAR)])?;

    database.wait_for_policy("learnt.plain")?;
    database.wait_for_policy("released.plain")?;

    // Nobody can learn anything any more, but from the first.
    hosts.stop()?;
    stage.lab.dns.change(|names| names.strip_sts("released.plain"))?;
    second.expect(&[("learnt.plain", "secure")])?;
    stage.ask(&second)?;
    stage.expect_all(&[("second@learnt.plain", HELD), ("second@released.plain", HELD)])?;

    let skips = [first.log().lines()?.len(), second.log().lines()?.len()];
    database.stop()?;
    hosts.resume()?;
    first.expect(&[("learnt.plain", "secure"), ("new.plain", "secure"), ("released.plain", "none")])?;
    second.expect(&[("learnt.plain", "secure"), ("released.plain", "secure"), ("nothing.plain", "none")])?;
    for (daemon, skip) in [&first, &second].into_iter().zip(skips) {
        daemon.log().wait_for_line("this node goes on alone", skip)?;
    }
    stage.expect("without@learnt.plain", HELD)?;

    let skips = [first.log().lines()?.len(), second.log().lines()?.len()];
    database.resume()?;
    for (daemon, skip) in [&first, &second].into_iter().zip(skips) {
        daemon.log().wait_for_line("is reached", skip)?;
    }
    first.expect(&[("later.plain", "secure")])?;
    database.wait_for_policy("new.plain")?;
    database.wait_for_policy("later.plain")?;
    hosts.stop()?;
    second.expect(&[("later.plain", "secure")])?;
    stage.lab.dns.change(|names| names.strip_sts("new.plain"))?;
    second.expect(&[("new.plain", "none")])
}
