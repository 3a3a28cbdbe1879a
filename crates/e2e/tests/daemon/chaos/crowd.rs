//! Claim: clients that say nothing, or begin and never end, keep nobody else out.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use starttls_e2e::daemon::{Daemon, Settings};
use starttls_e2e::delivery::Channel::{Trusted, Verified};
use starttls_e2e::log::PATIENCE;
use starttls_e2e::names::Names;
use starttls_e2e::outcome::Outcome::Sent;

use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

/// A new client that waits longer was kept waiting by others.
const PROMPT: Duration = Duration::from_secs(1);

fn names(names: &mut Names) -> Result<()> {
    names.mail(&[("match.test", &[(10, "both.mx.test")])])
}

fn play(stage: &mut Stage) -> Result<()> {
    stage.expect("before@match.test", Sent("both.mx.test", Trusted))?;
    let daemon = stage.start(Settings::default())?;
    stage.ask(&daemon)?;
    let mut crowd = idle(&daemon, 600)?;
    for beginning in ["1", "12", "16:QUERY match.te"] {
        for mut client in idle(&daemon, 100)? {
            client.write_all(beginning.as_bytes())?;
            crowd.push(client);
        }
    }
    prompt(&daemon)?;
    stage.expect("among-900@match.test", Sent("both.mx.test", Verified))?;
    // More than it has places for.
    crowd.extend(idle(&daemon, 5_000)?);
    prompt(&daemon)?;
    stage.expect("among-thousands@match.test", Sent("both.mx.test", Verified))?;
    drop(crowd);
    prompt(&daemon)
}

fn idle(daemon: &Daemon, count: usize) -> Result<Vec<TcpStream>> {
    (0..count).map(|_| Ok(TcpStream::connect_timeout(&daemon.address(), PATIENCE)?)).collect()
}

fn prompt(daemon: &Daemon) -> Result<()> {
    daemon.expect(&[("match.test", "dane-only")])?;
    let begun = Instant::now();
    daemon.expect(&[("match.test", "dane-only")])?;
    ensure!(begun.elapsed() < PROMPT, "a new client waited for {:?}", begun.elapsed());
    Ok(())
}
