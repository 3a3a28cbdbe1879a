//! Claim: activation is refused where mail goes past the table: to a relay, or by a client with settings of its own.

use anyhow::Result;
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Channel::Cleartext;
use starttls_e2e::outcome::Outcome::Sent;

use crate::stage::Stage;

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let postfix = stage.sender.postfix();
    let lists = list::texts(&stage.lab.keys, "enforce");
    postfix.set("relayhost", "[absent.mx.test]")?;
    is_refused(stage, &lists, "good.test", "relayhost")?;
    postfix.unset("relayhost")?;

    postfix.set_for_client("smtp_tls_policy_maps", "")?;
    is_refused(stage, &lists, "absent.test", "smtp_tls_policy_maps")
}

/// The table of the listed domain is in vain, so that its mail goes out in clear; then it is refused, and mail flows
/// as before.
fn is_refused(stage: &Stage, lists: &[String], domain: &str, culprit: &str) -> Result<()> {
    let in_clear = Sent("absent.mx.test", Cleartext);
    stage.sender.install_table(&format!("{domain} secure match=.mx.test\n"))?;
    stage.expect(&format!("{culprit}-by-hand@{domain}"), in_clear)?;
    stage.sender.remove_table()?;
    stage.expect_refusal(lists, culprit)?;
    stage.expect(&format!("{culprit}@{domain}"), in_clear)
}
