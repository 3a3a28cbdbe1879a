//! Claim: without roots every enforced policy would stop all mail to its domain, so activation is refused.

use anyhow::Result;
use starttls_e2e::delivery::Channel::Untrusted;

use crate::cases::Outcome::{Deferred, Sent};
use crate::stage::Stage;

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let postfix = stage.sender.postfix();
    postfix.unset("smtp_tls_CAfile")?;
    stage.sender.install_table("good.test secure match=good.mx.test servername=hostname\n")?;
    stage.expect("by-hand@good.test", Deferred("4.7.5", "untrusted issuer"))?;
    stage.sender.remove_table()?;
    stage.expect("before@good.test", Sent("good.mx.test", Untrusted))
}
