//! Claim: a slow resolver slows down those alone who need it.

use std::net::SocketAddrV4;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use starttls_e2e::daemon::{Daemon, Settings};
use starttls_e2e::names::Names;
use starttls_e2e::slow::{SLOW_RESOLVER, Slow};

use super::{announce, held};
use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

/// What takes longer than that has waited for somebody.
const PROMPT: Duration = Duration::from_secs(1);

/// More than that, and Postfix gives up.
const LIMIT: Duration = Duration::from_secs(100);

fn names(names: &mut Names) -> Result<()> {
    names.mail(&[("known.test", &[(10, "match.mx.test")])])?;
    for number in 0..20 {
        names.mx(&format!("unknown{number}.plain"), 10, super::HOST)?;
    }
    announce(names, &held(&["held.plain"]))
}

fn play(stage: &mut Stage) -> Result<()> {
    let _hosts = stage.lab.policy_hosts(&held(&["held.plain"]))?;
    let resolver = Slow::start()?;
    let slow = Some(SocketAddrV4::new(SLOW_RESOLVER, 53));
    let daemon = stage.start(Settings { resolver: slow, ..Settings::default() })?;
    known(&daemon)?;

    resolver.wait(Duration::from_secs(1));
    let first = others(&daemon, 0..10)?;
    ensure!(first.iter().all(|level| level == "none"), "slow is not dead: {first:?}");

    resolver.wait(Duration::from_hours(1));
    let second = others(&daemon, 10..20)?;
    ensure!(second.iter().all(|level| level == "later"), "silence reads as absence: {second:?}");
    Ok(())
}

fn known(daemon: &Daemon) -> Result<()> {
    daemon.expect(&[("known.test", "dane-only"), ("held.plain", "secure")])
}

/// Asks for domains that nobody knows, and for known ones meanwhile.
fn others(daemon: &Daemon, numbers: std::ops::Range<u32>) -> Result<Vec<String>> {
    thread::scope(|scope| {
        let asking: Vec<_> = numbers
            .map(|number| {
                scope.spawn(move || {
                    let begun = Instant::now();
                    let level = daemon.level(&format!("unknown{number}.plain"))?;
                    ensure!(begun.elapsed() < LIMIT, "Postfix would have given up");
                    Ok(level)
                })
            })
            .collect();
        let begun = Instant::now();
        known(daemon)?;
        ensure!(begun.elapsed() < PROMPT, "known domains waited for {:?}", begun.elapsed());
        asking.into_iter().map(|thread| thread.join().ok().context("a thread panicked")?).collect()
    })
}
