//! Claim: after a reload that fails main.cf, generation and the policy in force are what they were, and mail flows.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Result, ensure};
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Channel::{Cleartext, Trusted, Verified};
use starttls_e2e::network::run;
use starttls_e2e::outcome::Outcome::{Deferred, Sent};

use crate::stage::{OUTPUT, Stage};

/// A directory of Postfix's commands, one of which is ours.
const COMMANDS: &str = "/lab/tx/commands";

/// Exists until the next reload has failed.
const FAULT: &str = "/lab/tx/commands/fault";

/// Postfix reads its configuration, and says all the same that it failed: the worst place to be left at.
const FAILING: &str = r#"#!/bin/sh
/usr/sbin/postfix "$@" || exit
case "$*" in *reload*)
    if rm /lab/tx/commands/fault 2>/dev/null; then echo 'postfix: fatal: no reload today' >&2; exit 1; fi
esac
"#;

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let list = |domains: &[&str]| [list::of(&stage.lab.keys, "enforce", domains)];
    let (strict, lax) = (list(&["good.test", "absent.test"]), list(&["good.test"]));
    let (unprotected, protected) = (
        Sent("absent.mx.test", Cleartext),
        Deferred("4.7.4", "TLS is required, but was not offered by host"),
    );
    write_commands(stage)?;
    wrongly(stage)?;

    fails(stage, &strict)?;
    stage.expect("first@absent.test", unprotected)?;
    stage.expect("first@good.test", Sent("good.mx.test", Trusted))?;

    stage.activate(&strict, &[])?.expect(0)?;
    stage.expect("second@absent.test", protected)?;
    fails(stage, &lax)?;
    stage.expect("third@absent.test", protected)?;
    stage.expect("third@good.test", Sent("good.mx.test", Verified))
}

/// Activates with a reload that fails: exit code 1, and in force is what was in force.
fn fails(stage: &Stage, lists: &[String]) -> Result<()> {
    let before = in_force(stage)?;
    stage.sender.postfix().site().write(FAULT, "")?;
    let run = stage.activate(lists, &["--postfix-commands", COMMANDS])?.expect(1)?;
    ensure!(run.stderr.contains("no reload today"), "failed for another reason");
    ensure!(in_force(stage)? == before, "something changed all the same");
    Ok(())
}

/// main.cf, and the table if main.cf names it.
fn in_force(stage: &Stage) -> Result<(String, Option<String>)> {
    let main_cf = stage.sender.postfix().main_cf()?;
    let table = format!("{OUTPUT}/current/tls_policy");
    let is_named = main_cf.contains(&table);
    Ok((main_cf, is_named.then(|| stage.sender.postfix().site().read(&table)).transpose()?))
}

/// Whoever leaves it at the error message has a policy in force that is said not to be.
fn wrongly(stage: &Stage) -> Result<()> {
    let postfix = stage.sender.postfix();
    let site = postfix.site();
    site.write("/lab/tx/table", "absent.test encrypt\n")?;
    site.write(FAULT, "")?;
    postfix.set("smtp_tls_policy_maps", "texthash:/lab/tx/table")?;
    stage.sender.changing(|| {
        let reload = format!("{COMMANDS}/postfix -c {} reload", postfix.directory());
        let failed = run(postfix.tree().command("script").args(["-qec", &reload, "/dev/null"])).is_err();
        ensure!(failed, "the reload did not fail");
        Ok(())
    })?;
    stage.expect("by-hand@absent.test", Deferred("4.7.4", "TLS is required"))?;
    stage.sender.remove_table()
}

fn write_commands(stage: &Stage) -> Result<()> {
    let site = stage.sender.postfix().site();
    let script = format!("{COMMANDS}/postfix");
    site.write(&script, FAILING)?;
    fs::set_permissions(site.outside(&script), fs::Permissions::from_mode(0o755))?;
    for name in ["postconf", "postmap", "posttls-finger"] {
        std::os::unix::fs::symlink(format!("/usr/sbin/{name}"), site.outside(&format!("{COMMANDS}/{name}")))?;
    }
    Ok(())
}
