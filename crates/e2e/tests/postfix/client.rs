//! Claim: what master.cf gives the client alone counts as the operator's own: activation never leaves it weaker.

use anyhow::{Context as _, Result, ensure};
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Channel::{Cleartext, Verified};
use starttls_e2e::outcome::Outcome::{Deferred, Sent};

use crate::stage::Stage;

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let postfix = stage.sender.postfix();
    let waits = Deferred("4.7.4", "TLS is required, but was not offered by host");
    postfix.set("smtp_tls_security_level", "")?;
    postfix.set_for_client("smtp_tls_security_level", "encrypt")?;
    postfix.set_for_client("smtp_tls_mandatory_protocols", ">=TLSv1.3")?;
    // Wrongly: what would be a step up from main.cf is a step down from master.cf.
    stage
        .sender
        .install_table("absent.test may\nolder.test secure match=old.mx.test protocols=>=TLSv1.2\n")?;
    stage.expect("by-hand@absent.test", Sent("absent.mx.test", Cleartext))?;
    stage.expect("by-hand@older.test", Sent("old.mx.test", Verified))?;
    stage.sender.remove_table()?;
    let too_old = Deferred("4.7.5", "tlsv1 alert protocol version");
    stage.expect("before@absent.test", waits)?;
    stage.expect("before@older.test", too_old)?;

    let testing = list::of(&stage.lab.keys, "testing", &["absent.test"]);
    let enforced = list::of(&stage.lab.keys, "enforce", &["good.test", "older.test"]);
    let run = stage.attempt(&[enforced, testing], &[])?;
    ensure!(matches!(run.code, Some(0 | 3)), "neither activated nor refused");
    stage.sender.changing(|| postfix.reload())?;
    let after = [("after@absent.test", waits), ("after@older.test", too_old)];
    stage.expect_each(&after).context("weaker than before")
}
