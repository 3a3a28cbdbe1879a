//! Claim: the sockets that systemd hands over are served, the question that came before the daemon included; Postfix asks at
//! them by TCP and from inside its chroot; and the service manager is told of each turn of the daemon's life, in order.
//!
//! Spec: sd_listen_fds(3), sd_notify(3), systemd.service(5) (`Type=notify-reload`, `WatchdogSec=`).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use starttls_e2e::daemon::{Daemon, Settings};
use starttls_e2e::datagrams::Datagrams;
use starttls_e2e::names::Names;
use starttls_e2e::program::Program;
use starttls_e2e::tree::Tree;

use crate::chaos::{CLEAR, HELD, HOST, listed};
use crate::stage::{Claim, Stage};

pub(crate) const CLAIM: Claim = Claim { names, play };

/// Where the service manager listens.
const NOTIFY: &str = "/lab/notify";

/// A Unix socket where smtp(8), which is chrooted to its queue, finds it as `starttls/socketmap`.
const SOCKET: &str = "/lab/tx/queue/starttls/socketmap";

fn names(names: &mut Names) -> Result<()> {
    names.mx("listed.plain", 10, HOST)
}

fn play(stage: &mut Stage) -> Result<()> {
    stage.expect("before@listed.plain", CLEAR)?;
    let manager = Datagrams::listen(&stage.site, NOTIFY)?;
    let mut daemon = activate(stage)?;

    let ready = next(&manager)?;
    ensure!(ready.starts_with("READY=1\nSTATUS=answering at 127.0.0.1:8461, unix:"), "{ready}");
    sockets_that_are_handed_over_are_served(stage, &daemon)?;

    // Told again and again, while nothing else is.
    for _ in 0..2 {
        let fed = manager.next()?;
        ensure!(fed == "WATCHDOG=1\n", "{fed}");
    }
    daemon.hang_up()?;
    let reloading = next(&manager)?;
    let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|rest| rest.lines().next());
    ensure!(time.and_then(|time| time.parse::<u64>().ok()).is_some_and(|time| time > 0), "{reloading}");
    let ready = next(&manager)?;
    ensure!(ready == "READY=1\nSTATUS=read anew: 1 list\n", "{ready}");
    daemon.stop()?;
    let stopping = next(&manager)?;
    ensure!(stopping.starts_with("STOPPING=1\n"), "{stopping}");
    Ok(())
}

/// A daemon that does not run until somebody asks, and is given its sockets then.
fn activate(stage: &Stage) -> Result<Daemon> {
    let directory = stage.site.outside(SOCKET).parent().context("no directory")?.to_owned();
    fs::create_dir_all(&directory)?;
    let tree = Tree::mount(&stage.trees, "systemd", &stage.site)?;
    let program = Program::bring(&tree, &stage.site)?.started_by(&[
        "/usr/bin/systemd-socket-activate",
        "--listen=127.0.0.1:8461",
        &format!("--listen={SOCKET}"),
        "--listen=127.0.0.1:8470",
        "--fdname=socketmap:socketmap-unix:stray",
        &format!("--setenv=NOTIFY_SOCKET={NOTIFY}"),
        "--setenv=WATCHDOG_USEC=500000",
    ]);
    Daemon::start(&program, &stage.site, Settings { lists: listed(&["listed.plain"]), ..Settings::default() })
}

fn sockets_that_are_handed_over_are_served(stage: &Stage, daemon: &Daemon) -> Result<()> {
    let log = daemon.log();
    log.wait_for_line("handed over a socket `stray` that nothing is served on", 0)?;
    stage.ask(daemon)?;
    stage.expect("tcp@listed.plain", HELD)?;

    // `SocketMode=` of the unit.
    fs::set_permissions(stage.site.outside(SOCKET), fs::Permissions::from_mode(0o666))?;
    let postfix = stage.sender.postfix();
    stage.sender.changing(|| {
        postfix.set("smtp_tls_policy_maps", "socketmap:unix:starttls/socketmap:QUERY")?;
        postfix.reload()
    })?;
    stage.expect("unix@listed.plain", HELD)
}

/// What the service manager is told next, but for the watchdog.
fn next(manager: &Datagrams) -> Result<String> {
    loop {
        let told = manager.next()?;
        if told != "WATCHDOG=1\n" {
            return Ok(told);
        }
    }
}
