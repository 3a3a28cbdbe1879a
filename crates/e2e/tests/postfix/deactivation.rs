//! Claim: a policy can be taken back while mail flows, and no mail is deferred or lost by that.

use anyhow::Result;

use crate::cases::Outcome::Deferred;
use crate::stage::Stage;

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    // Whoever deletes the table first stops all mail, to listed and other domains.
    stage.sender.install_table("good.test secure match=good.mx.test servername=hostname\n")?;
    stage.sender.changing(|| {
        std::fs::remove_file(stage.sender.postfix().site().outside("/lab/tx/table"))?;
        stage.sender.postfix().reload()
    })?;
    stage.expect("too-early@sub.absent.test", Deferred("4.7.5", "table"))
}
