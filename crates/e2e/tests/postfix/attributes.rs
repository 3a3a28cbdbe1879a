//! Claim: attributes for MX patterns, put into a table by hand, stop all mail below 3.10, do nothing up to 3.10.4, and
//! are enforced from 3.10.5 on. That is why the version decides what we write.

use anyhow::Result;
use starttls_e2e::delivery::Channel::Verified;
use starttls_e2e::outcome::Outcome::{Deferred, Sent};
use starttls_e2e::postfix::{ENFORCES_PATTERNS, KNOWS_PATTERNS};

use crate::stage::Stage;

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let answer = "secure match=good.mx.test servername=hostname policy_type=sts policy_domain=lab \
                  mx_host_pattern=good.mx.test { policy_string = version: STSv1 } { policy_string = mode: enforce }";
    stage.sender.install_table(&format!("good.test {answer}\nalias.plain {answer}\n"))?;
    let unknown = Deferred("4.7.5", "invalid attribute name: \"policy_type\"");
    let (good, alias) = if stage.version < KNOWS_PATTERNS {
        (unknown, unknown)
    } else if stage.version < ENFORCES_PATTERNS {
        (Sent("good.mx.test", Verified), Sent("alias.mx.test", Verified))
    } else {
        (Sent("good.mx.test", Verified), Deferred("4.3.0", "does not match STS MX pattern"))
    };
    stage.expect("by-hand@good.test", good)?;
    stage.expect("by-hand@alias.plain", alias)
}
