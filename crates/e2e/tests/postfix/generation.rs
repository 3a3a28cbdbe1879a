//! Claim: a newer list counts as soon as it is activated, main.cf stays as it is; neither a dry run nor writing without
//! activating touches what is in force.

use anyhow::{Result, ensure};
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Channel::{Cleartext, Verified};
use starttls_e2e::outcome::Outcome::{Deferred, Sent};

use crate::stage::Stage;

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let list = |domains: &[&str]| [list::of(&stage.lab.keys, "enforce", domains)];
    let (older, newer) = (list(&["good.test"]), list(&["good.test", "absent.test"]));
    let unprotected = Sent("absent.mx.test", Cleartext);
    stage.activate(&older, &[])?.expect(0)?;
    stage.expect("older@good.test", Sent("good.mx.test", Verified))?;
    stage.expect("older@absent.test", unprotected)?;

    let before = stage.policy()?;
    stage.attempt(&newer, &["--dry-run"])?.expect(0)?;
    ensure!(stage.policy()? == before, "a dry run changed something");
    stage.expect("dry-run@absent.test", unprotected)?;

    let run = stage.write(&newer, &["--table", "hash"])?.expect(3)?;
    ensure!(run.stderr.contains("--activate"), "refused without a cure");
    ensure!(stage.policy()? == before, "files in use were exchanged without a check");

    let main_cf = stage.sender.postfix().main_cf()?;
    stage.activate(&newer, &[])?.expect(0)?;
    stage.expect("newer@good.test", Sent("good.mx.test", Verified))?;
    stage.expect("newer@absent.test", Deferred("4.7.4", "TLS is required, but was not offered by host"))?;
    stage.activate(&older, &[])?.expect(0)?;
    stage.expect("back@absent.test", unprotected)?;
    ensure!(stage.sender.postfix().main_cf()? == main_cf, "main.cf changed between two generations");
    Ok(())
}
