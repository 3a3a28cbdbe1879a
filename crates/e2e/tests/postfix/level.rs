//! Claim: a domain in `testing` gets TLS where the operator uses none, and never less than the operator's own level.

use anyhow::Result;
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Channel::{Cleartext, Trusted};
use starttls_e2e::outcome::Outcome::{Deferred, Sent};

use crate::stage::Stage;

const LEVEL: &str = "smtp_tls_security_level";

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let lists = [list::of(&stage.lab.keys, "testing", &["good.test", "absent.test"])];
    // For `dane`, which is no less than `encrypt` where there are TLSA records.
    stage.sender.postfix().set("smtp_dns_support_level", "dnssec")?;
    for level in ["encrypt", "dane"] {
        is_kept(stage, &lists, level)?;
    }
    is_raised(stage, &lists)
}

fn is_kept(stage: &Stage, lists: &[String], level: &str) -> Result<()> {
    let waits = Deferred("4.7.4", "TLS is required, but was not offered by host");
    stage.sender.postfix().set(LEVEL, level)?;
    // Wrongly: a line that looks like "only test" lets mail out which waited before.
    stage.sender.install_table("absent.test may\n")?;
    stage.expect(&format!("{level}-by-hand@absent.test"), Sent("absent.mx.test", Cleartext))?;
    stage.sender.remove_table()?;
    stage.expect(&format!("{level}-before@absent.test"), waits)?;

    stage.activate(lists, &[])?.expect(0)?;
    stage.expect(&format!("{level}-testing@absent.test"), waits)?;
    stage.deactivate()?.expect(0).map(drop)
}

fn is_raised(stage: &Stage, lists: &[String]) -> Result<()> {
    let postfix = stage.sender.postfix();
    postfix.set(LEVEL, "")?;
    stage.sender.changing(|| postfix.reload())?;
    stage.expect("none-before@good.test", Sent("good.mx.test", Cleartext))?;

    stage.activate(lists, &[])?.expect(0)?;
    stage.expect("none-testing@good.test", Sent("good.mx.test", Trusted))?;
    stage.expect("none-testing@absent.test", Sent("absent.mx.test", Cleartext))?;
    stage.expect("none-unlisted@pool.plain", Sent("mx1.pool.test", Cleartext))
}
