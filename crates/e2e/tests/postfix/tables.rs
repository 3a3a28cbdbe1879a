//! Claim: tables that are compiled for quick look-ups protect like the text does.

use anyhow::Result;
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Channel::{Cleartext, Verified};
use starttls_e2e::network::output;
use starttls_e2e::outcome::Outcome::{Deferred, Sent};

use crate::stage::Stage;

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let known = output(stage.sender.postfix().command("postconf").arg("-m"))?;
    for kind in ["hash", "lmdb", "cdb"].into_iter().filter(|kind| known.lines().any(|line| line == *kind)) {
        stage.expect(&format!("before-{kind}@absent.test"), Sent("absent.mx.test", Cleartext))?;
        stage.activate(&list::texts(&stage.lab.keys, "enforce"), &["--table", kind])?.expect(0)?;
        stage.expect(&format!("{kind}@good.test"), Sent("good.mx.test", Verified))?;
        stage.expect(&format!("{kind}@absent.test"), Deferred("4.7.4", "TLS is required"))?;
        stage.deactivate()?.expect(0)?;
    }
    Ok(())
}
