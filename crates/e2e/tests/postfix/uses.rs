//! Claim: a deactivation deletes nothing that Postfix's configuration leads to, in whatever spelling, and brings back every
//! byte of what main.cf said before, also when something else in it has changed since.

use anyhow::{Context as _, Result, ensure};
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Channel::{Trusted, Verified};
use starttls_e2e::outcome::Outcome::Sent;

use crate::stage::{OUTPUT, Stage};

/// How operators write the parameter that activation sets.
const SHAPES: [&str; 6] = [
    "",
    "smtp_tls_policy_maps =\n",
    "smtp_tls_policy_maps=inline:{ x.test=may }  ,\n",
    "smtp_tls_policy_maps =\n  inline:{ x.test=may },\n# between\n\n   # indented\n\tinline:{ y.test=may }\n",
    "partners = inline:{ x.test=may }\nsmtp_tls_policy_maps = $partners\n",
    "smtp_tls_policy_maps = inline:{ x.test=may }\nrelay_domains =\nsmtp_tls_policy_maps =\n",
];
/// Ways to our table that only the operator can take out.
const WAYS: [&str; 3] = ["unionmap:{OURS}", "pipemap:{OURS,inline:{secure=secure}}", "$ours\nours = OURS"];

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    used(stage)?;
    let postfix = stage.sender.postfix();
    let plain = postfix.main_cf()?;
    // By turns with and without a change elsewhere; every pair is a property test of the pure function.
    let others = ["", "\n# of another program\nrelayhost =\n"].into_iter().cycle();
    for (shape, others) in SHAPES.into_iter().zip(others) {
        let before = format!("{plain}{shape}# below\n");
        postfix.write_main_cf(&before)?;
        stage.attempt(&list::texts(&stage.lab.keys, "enforce"), &[])?.expect(0)?;
        ensure!(postfix.main_cf()? != before, "not activated: {shape}");
        postfix.write_main_cf(&(postfix.main_cf()? + others))?;
        stage.attempt_deactivation()?.expect(0)?;
        let after = postfix.main_cf()?;
        ensure!(after == format!("{before}{others}"), "{shape}: main.cf is now\n{after}");
    }
    postfix.write_main_cf(&plain)
}

/// Postfix goes on by a table that is reached another way; in another spelling it is taken out.
fn used(stage: &Stage) -> Result<()> {
    let postfix = stage.sender.postfix();
    let before = postfix.main_cf()?;
    stage.activate(&list::texts(&stage.lab.keys, "enforce"), &[])?.expect(0)?;
    let active = postfix.main_cf()?;
    let ours = format!("texthash:{OUTPUT}/current/tls_policy");
    ensure!(active.contains(&ours), "not activated");
    for (number, way) in WAYS.iter().enumerate() {
        stage.sender.changing(|| {
            postfix.write_main_cf(&active.replace(&ours, &way.replace("OURS", &ours)))?;
            postfix.reload()
        })?;
        let policy = stage.policy()?;
        let run = stage.attempt_deactivation()?.expect(3).with_context(|| format!("deactivating {way}"))?;
        ensure!(run.stderr.contains("smtp_tls_policy_maps"), "refused without a word about the parameter");
        ensure!(stage.policy()? == policy, "refused, and something changed all the same");
        if number == 0 {
            stage.expect("still-used@good.test", Sent("good.mx.test", Verified))?;
        }
    }
    let spelled = ours.replacen("texthash:/", "proxy:texthash://", 1);
    stage.sender.changing(|| {
        postfix.write_main_cf(&active.replace(&ours, &spelled))?;
        postfix.reload()
    })?;
    stage.deactivate()?.expect(0)?;
    ensure!(postfix.main_cf()? == before, "main.cf is not as it was");
    stage.expect("after@good.test", Sent("good.mx.test", Trusted))
}
