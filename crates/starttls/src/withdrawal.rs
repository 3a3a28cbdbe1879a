//! One run of `withdraw`: what has expired leaves the mail server's policy, and somebody hears of it.
//!
//! Reads the activation record alone (`starttls_apply::validity`) and waits for nobody but another activation, so that
//! nothing that stops an update stops it too.

use std::path::Path;

use starttls_apply::postfix::{self, WithdrawError, Withdrawal};
use starttls_apply::validity::{self, Alert, Part, PartKind};
use starttls_policy::{Finding, Timestamp};

use crate::exit::Exit;
use crate::output::counted;
use crate::target;
use crate::update;

/// Takes out of force what has expired in an output directory, and alerts.
///
/// # Errors
/// When the output directory cannot be used. What cannot be withdrawn is alerted, and is no error.
pub(crate) fn run(output: &Path, now: Timestamp) -> anyhow::Result<Exit> {
    if !output.exists() {
        return Ok(Exit::Done);
    }
    let generations = target::open_when_free(output)?;
    if let Err(error) = validity::note_seen(&generations, now) {
        anstream::eprintln!("the sign of life could not be written: {:#}", anyhow::Error::from(error));
    }
    let (exit, findings, stands) = report(postfix::withdraw(&generations, now));
    let alert = Alert::read(generations.root()).unwrap_or_else(|error| {
        anstream::eprintln!("nobody can be alerted but here: {:#}", anyhow::Error::from(error));
        Alert::default()
    });
    update::tell(&findings, &[stands], &alert, &generations, now);
    Ok(exit)
}

fn report(result: Result<Withdrawal, WithdrawError>) -> (Exit, Vec<Finding>, String) {
    match result {
        Ok(Withdrawal::Exchanged { expired, lines }) => {
            let (exit, findings) = ended(&expired);
            (exit, findings, format!("the table in force has {} left", counted(lines, "line", "lines")))
        }
        Ok(Withdrawal::TakenOut { expired, cause }) => {
            let (exit, mut findings) = ended(&expired);
            if let Some(cause) = cause {
                let message = format!("what is left could not be put into force: {cause}");
                findings.push(update::FAILED.finding("", message));
            }
            let stands = "our table was taken out of force altogether; mail is encrypted where possible";
            (exit, findings, stands.into())
        }
        Ok(Withdrawal::Emptied { expired, cause }) => {
            let (_, mut findings) = ended(&expired);
            let message = format!("our table could not be taken out of main.cf, so it was emptied: {cause}");
            let cure = "put that right, then run `starttls update`, or `starttls generate --mta postfix --deactivate`";
            findings.push(update::FAILED.finding("", message).with_cure(cure));
            let stands = "the table in force has no lines left; mail is encrypted where possible";
            (Exit::Refused, findings, stands.into())
        }
        Err(error @ WithdrawError::NoRecord { .. }) => {
            let message = format!("{:#}", anyhow::Error::from(error));
            let cure = "run `starttls update`, or `starttls generate --mta postfix --activate`, which write the record anew";
            let stands = "what is in force stays so until its record is written anew";
            (Exit::CouldNot, vec![update::FAILED.finding("", message).with_cure(cure)], stands.into())
        }
        Err(error) => {
            let message = format!("the withdrawal failed: {:#}", anyhow::Error::from(error));
            let cure = "run `starttls generate --deactivate` if what is in force has expired";
            let finding = update::FAILED.finding("", message).with_cure(cure);
            (Exit::CouldNot, vec![finding], "what was in force still is".into())
        }
        Ok(_) => (Exit::Done, Vec::new(), String::new()),
    }
}

/// What is worth telling: an override and a relax order expire as was said, a list should have been replaced.
fn ended(expired: &[Part]) -> (Exit, Vec<Finding>) {
    let lists = expired.iter().filter(|part| part.kind == PartKind::List);
    let findings: Vec<Finding> = lists
        .map(|part| {
            update::ENDED.finding(&*part.name, format!("{} has expired and was still in force", part.name))
        })
        .collect();
    (if findings.is_empty() { Exit::Done } else { Exit::Refused }, findings)
}
