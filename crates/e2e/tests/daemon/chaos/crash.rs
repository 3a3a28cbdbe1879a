//! Claim: who kills the daemon in full flight, and makes away with all that it learnt from, finds its policies in force.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use starttls_e2e::daemon::{Daemon, Settings};
use starttls_e2e::names::Names;
use starttls_e2e::policy_host::{PolicyHost, Published};
use starttls_e2e::socketmap::Client;

use super::{CLEAR, HELD, announce, held};
use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

/// Clients that ask as quickly as they can.
const CLIENTS: usize = 8;

/// How long it is asked between two kills: what is learnt is gathered for about a second before it is written down.
const ROUND: Duration = Duration::from_secs(3);

/// After as many rounds all must have been written down, on a machine however busy.
const MOST_ROUNDS: usize = 10;

fn domains() -> Vec<String> {
    (0..40).map(|number| format!("held{number}.plain")).collect()
}

fn policies() -> Vec<Published> {
    held(&domains().iter().map(String::as_str).collect::<Vec<_>>())
}

fn names(names: &mut Names) -> Result<()> {
    names.mx("new.plain", 10, super::HOST)?;
    announce(names, &policies())
}

fn play(stage: &mut Stage) -> Result<()> {
    let mut hosts = stage.lab.policy_hosts(&policies())?;
    stage.expect("before@held0.plain", CLEAR)?;
    let mut daemon = stage.start(Settings::default())?;
    let address = daemon.address();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let is_over = &is_over;
            scope.spawn(move || {
                // Connections break with the daemon; then it asks on a new one.
                while !is_over.load(Ordering::Relaxed) {
                    if let Ok(mut connection) = Client::connect(address) {
                        for domain in domains().iter().cycle().skip(client * 5).take(200) {
                            if connection.ask("QUERY", domain).is_err() {
                                break;
                            }
                        }
                    }
                }
            });
        }
        let result = die(&hosts, &mut daemon);
        is_over.store(true, Ordering::Relaxed);
        result
    })?;

    hosts.stop()?;
    stage.lab.dns.change(|names| domains().iter().try_for_each(|domain| names.strip_sts(domain)))?;
    daemon.kill()?;
    daemon.resume()?;
    for domain in domains() {
        daemon.expect(&[(&domain, "secure")])?;
    }
    stage.ask(&daemon)?;
    stage.expect_all(&[("after@held0.plain", HELD), ("after@held39.plain", HELD), ("after@new.plain", CLEAR)])
}

/// Kills the daemon and starts it, again and again, while it is asked, until it need not fetch anything any more.
fn die(hosts: &PolicyHost, daemon: &mut Daemon) -> Result<()> {
    let mut fetched = 0;
    for _ in 0..MOST_ROUNDS {
        let begun = Instant::now();
        while begun.elapsed() < ROUND {
            for domain in domains() {
                daemon.expect(&[(&domain, "secure")])?;
            }
        }
        let before = std::mem::replace(&mut fetched, count(hosts)?);
        if fetched == before {
            return Ok(());
        }
        daemon.kill()?;
        daemon.resume()?;
    }
    bail!("what is learnt is still not stored after {MOST_ROUNDS} rounds")
}

/// How many policies were fetched.
fn count(hosts: &PolicyHost) -> Result<usize> {
    domains().iter().map(|domain| hosts.count(domain)).sum()
}
