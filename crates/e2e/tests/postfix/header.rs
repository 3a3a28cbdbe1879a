//! Claim: from 3.10 on an author's header lifts a policy, and the setting that we offer puts an end to that.
//!
//! Spec: RFC 8689 §3.

use anyhow::Result;
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Channel::Cleartext;
use starttls_e2e::outcome::Outcome::{Deferred, Sent};
use starttls_e2e::postfix::OBEYS_HEADER;

use crate::stage::Stage;

const HEADER: &str = "TLS-Required: No";

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let refused = Deferred("4.7.4", "TLS is required, but was not offered by host");
    let lifted = if stage.version >= OBEYS_HEADER { Sent("absent.mx.test", Cleartext) } else { refused };
    stage.activate(&list::texts(&stage.lab.keys, "enforce"), &[])?.expect(0)?;
    stage.expect("without-header@absent.test", refused)?;
    stage.expect_with(HEADER, "with-header@absent.test", lifted)?;
    if stage.version >= OBEYS_HEADER {
        let postfix = stage.sender.postfix();
        postfix.set("tls_required_enable", "no")?;
        stage.sender.changing(|| postfix.reload())?;
        stage.expect_with(HEADER, "in-vain@absent.test", refused)?;
    }
    Ok(())
}
