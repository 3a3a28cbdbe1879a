//! Claim: a list that has expired is refused, and the policy that is in force goes on to protect.

use anyhow::Result;
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Channel::{Cleartext, Verified};
use starttls_e2e::outcome::Outcome::{Deferred, Sent};

use crate::stage::Stage;

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    let keys = &stage.lab.keys;
    let current = [list::of(keys, "enforce", &["good.test", "absent.test"])];
    // What somebody would replay who wants to be rid of a policy.
    let expired = [list::expired(&list::of(keys, "enforce", &["good.test"]))];
    stage.activate(&expired, &["--allow-expired", "--until", "3d"])?.expect(0)?;
    stage.expect("replayed@absent.test", Sent("absent.mx.test", Cleartext))?;

    stage.activate(&current, &[])?.expect(0)?;
    stage.expect_refusal(&expired, "expired")?;
    stage.expect("still@absent.test", Deferred("4.7.4", "TLS is required, but was not offered by host"))?;
    stage.expect("still@good.test", Sent("good.mx.test", Verified))
}
