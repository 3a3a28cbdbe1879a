//! Claim: activation is refused where it would stop mail: without roots that load, and where nobody can be verified.

use anyhow::Result;
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Channel::{Cleartext, Trusted, Untrusted};
use starttls_e2e::outcome::Outcome::{self, Deferred, Sent};

use crate::stage::Stage;

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let postfix = stage.sender.postfix();
    let lists = list::texts(&stage.lab.keys, "enforce");
    let unverifiable = [list::of(&stage.lab.keys, "enforce", &["wrongname.test"])];
    is_refused(stage, "nobody", &unverifiable, "wrongname.test", Sent("good.mx.test", Trusted))?;

    // Wrongly: whoever puts a table in force all the same stops mail to the best of receivers.
    postfix.unset("smtp_tls_CAfile")?;
    stage.sender.install_table("good.test secure match=good.mx.test servername=hostname\n")?;
    stage.expect("by-hand@good.test", Deferred("4.7.5", "untrusted issuer"))?;
    stage.sender.remove_table()?;
    is_refused(stage, "no-roots", &lists, "smtp_tls_CAfile", Sent("good.mx.test", Untrusted))?;

    postfix.set("smtp_tls_CAfile", "/lab/no-such.pem")?;
    stage.sender.changing(|| postfix.reload())?;
    is_refused(stage, "lost-roots", &lists, "/lab/no-such.pem", Sent("good.mx.test", Cleartext))?;

    postfix.site().write("/lab/empty.pem", "There is nothing here.\n")?;
    postfix.set("smtp_tls_CAfile", "/lab/empty.pem")?;
    stage.sender.changing(|| postfix.reload())?;
    is_refused(stage, "empty-roots", &lists, "/lab/empty.pem", Sent("good.mx.test", Cleartext))
}

/// It is refused, and mail flows as before.
fn is_refused(stage: &Stage, user: &str, lists: &[String], culprit: &str, flows: Outcome) -> Result<()> {
    stage.expect_refusal(lists, culprit)?;
    stage.expect(&format!("{user}@good.test"), flows)
}
