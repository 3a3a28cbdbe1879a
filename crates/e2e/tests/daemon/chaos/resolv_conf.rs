//! Claim: resolvers that the system names after the daemon has started are asked, wherever links lead, with the sandbox on; and
//! that none answers is seen from its beginning to its end.

use std::fs;
use std::os::unix::fs::symlink;

use anyhow::{Result, ensure};
use starttls_e2e::daemon::{Daemon, Settings};
use starttls_e2e::dns::{RESOLVER, Validation};
use starttls_e2e::log::wait_for;
use starttls_e2e::names::Names;

use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

/// What /etc/resolv.conf leads to.
const RESOLV_CONF: &str = "/lab/resolv.conf";

fn names(names: &mut Names) -> Result<()> {
    names.mail(&[("match.test", &[(10, "match.mx.test")]), ("late.test", &[(10, "match.mx.test")])])
}

fn play(stage: &mut Stage) -> Result<()> {
    let site = stage.site.clone();
    let path = site.outside(RESOLV_CONF);
    fs::remove_file(&path)?;
    let daemon = stage.start(Settings { resolver: None, ..Settings::default() })?;
    daemon.log().wait_for_line("names no resolver, asking 127.0.0.1:53", 0)?;
    ensure!(daemon.log().lines()?.iter().any(|line| line.contains("files held by Landlock")), "no sandbox");
    daemon.expect(&[("match.test", "later")])?;
    daemon.log().wait_for_line("no MX look-up is answered", 0)?;
    healthz(&daemon, "503")?;

    // As a program does that manages resolvers: a directory of its own, and a link into it.
    site.write("/lab/volatile/manager/stub.conf", &format!("nameservr 192.0.2.1\nnameserver {RESOLVER}\n"))?;
    symlink("volatile/manager/stub.conf", &path)?;
    daemon.wait_for_level("match.test", "dane-only")?;
    daemon.log().wait_for_line(&format!("asking the resolvers of /etc/resolv.conf: {RESOLVER}:53"), 0)?;
    daemon.log().wait_for_line("line 1 is not understood", 0)?;
    healthz(&daemon, "200")?;

    let skip = daemon.log().lines()?.len();
    stage.lab.dns.stop_resolver()?;
    daemon.expect(&[("late.test", "later")])?;
    daemon.log().wait_for_line(&format!("WARN the resolver {RESOLVER}:53 does not answer"), skip)?;
    daemon.log().wait_for_line("ERROR no MX look-up is answered", skip)?;
    healthz(&daemon, "503")?;
    stage.lab.dns.start_resolver(Validation::Verifies)?;
    daemon.log().wait_for_line(&format!("INFO the resolver {RESOLVER}:53 answers again"), skip)?;
    healthz(&daemon, "200")
}

fn healthz(daemon: &Daemon, code: &str) -> Result<()> {
    wait_for(&format!("{code} of /healthz"), || {
        Ok(daemon.status("/healthz")?.starts_with(&format!("HTTP/1.1 {code}")).then_some(()))
    })
}
