//! Claim: a policy can be taken back while mail flows, and no mail is deferred or lost by that.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use starttls_e2e::cases::list;
use starttls_e2e::delivery::Channel::{Cleartext, Trusted, Verified};
use starttls_e2e::outcome::Outcome::{Deferred, Sent};
use starttls_e2e::sender::Sender;

use crate::stage::Stage;

/// Between two mails: tens of them go out while configurations change.
const PACE: Duration = Duration::from_millis(30);

/// More than can go out in the time of a deactivation.
const MAX_MAILS: usize = 1000;

pub(crate) fn claim(stage: &Stage) -> Result<()> {
    wrongly(stage)?;
    let before = stage.sender.postfix().main_cf()?;
    stage.activate(&list::texts(&stage.lab.keys, "enforce"), &[])?.expect(0)?;
    stage.expect("protected@good.test", Sent("good.mx.test", Verified))?;
    stage.expect("protected@absent.test", Deferred("4.7.4", "TLS is required"))?;

    let recipients = flow(&stage.sender, || stage.deactivate()?.expect(0).map(drop))?;
    let mut channels = BTreeSet::new();
    for (recipient, delivery) in stage.sender.deliveries(&recipients)? {
        ensure!(delivery.status == "sent", "{recipient}:\n  {}", delivery.session.join("\n  "));
        channels.insert(delivery.channel());
    }
    ensure!(channels == [Trusted, Verified].into(), "mail did not flow before and after: {channels:?}");
    ensure!(stage.sender.postfix().main_cf()? == before, "main.cf is not as it was");
    stage.expect("after@absent.test", Sent("absent.mx.test", Cleartext))
}

/// Whoever deletes the table first stops all mail, even to domains that no list names.
fn wrongly(stage: &Stage) -> Result<()> {
    stage.sender.install_table("good.test secure match=good.mx.test servername=hostname\n")?;
    fs::remove_file(stage.sender.postfix().site().outside("/lab/tx/table"))?;
    stage.sender.changing(|| stage.sender.postfix().reload())?;
    stage.expect("too-early@sub.absent.test", Deferred("4.7.5", "table"))?;
    stage.sender.remove_table()
}

/// Sends mail after mail while `work` is done, and returns the recipients.
fn flow(sender: &Sender, work: impl FnOnce() -> Result<()>) -> Result<Vec<String>> {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut recipients = Vec::new();
            loop {
                // One more goes out afterwards, however quick the work was.
                let is_last = is_done.load(Ordering::Acquire) || recipients.len() == MAX_MAILS;
                let recipient = format!("flow{}@good.test", recipients.len());
                sender.send(std::slice::from_ref(&recipient))?;
                recipients.push(recipient);
                if is_last {
                    return Ok(recipients);
                }
                thread::sleep(PACE);
            }
        });
        let result = work();
        is_done.store(true, Ordering::Release);
        let recipients = sending.join().ok().context("the sending thread panicked")?;
        result?;
        recipients
    })
}
