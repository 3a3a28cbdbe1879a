//! One run of `withdraw`: what has expired leaves the mail server's policy, and somebody hears of it.
//!
//! Reads the activation record alone (`starttls_apply::validity`) and waits for nobody but another activation, so that
//! nothing that stops an update stops it too.

use std::path::Path;

use starttls_apply::postfix::{self, Instance, WithdrawError, Withdrawal, damaged_files};
use starttls_apply::validity::{self, Alert, Part, PartKind};
use starttls_policy::{Finding, Timestamp};

use crate::exit::Exit;
use crate::output::counted;
use crate::target;
use crate::update;

/// For a table that was emptied and is still named.
pub(crate) const EMPTIED_CURE: &str = "run `starttls update`, which fills it again, or `starttls generate --mta postfix \
    --deactivate`, which takes it out of main.cf or names what keeps it there";

/// Takes out of force what has expired in an output directory, and alerts; `default` is the instance that is asked where no
/// file names the one that the activation was made on.
///
/// # Errors
/// When nothing records an activation, or the output directory cannot be used. What cannot be withdrawn is alerted, and is
/// no error.
pub(crate) fn run(output: &Path, default: &Instance, now: Timestamp) -> anyhow::Result<Exit> {
    postfix::check_output(output, default)?;
    let damaged = damaged_files(output);
    let generations = target::open_when_free(output)?;
    let report = report(postfix::withdraw(&generations, default, now), generations.root())?;
    if let Err(error) = validity::note_seen(&generations, now) {
        anstream::eprintln!("the sign of life could not be written: {:#}", anyhow::Error::from(error));
    }
    let alert = Alert::read(generations.root()).unwrap_or_else(|error| {
        anstream::eprintln!("nobody can be alerted but here: {:#}", anyhow::Error::from(error));
        Alert::default()
    });
    let damaged =
        damaged.iter().map(|file| update::DAMAGED_FILE.finding("", &*file.message).with_cure(file.cure));
    let findings: Vec<Finding> = report.findings.into_iter().chain(damaged).collect();
    update::tell(&findings, &[report.stands], &alert, &generations, now);
    Ok(report.exit)
}

/// The result of a withdrawal for people and for the exit code.
struct Report {
    exit: Exit,
    findings: Vec<Finding>,
    /// What holds now.
    stands: String,
}

fn report(result: Result<Withdrawal, WithdrawError>, output: &Path) -> Result<Report, WithdrawError> {
    let (exit, findings, stands) = match result {
        Ok(Withdrawal::Exchanged { expired, lines }) => {
            let (exit, findings) = ended(&expired);
            (exit, findings, format!("the table in force has {} left", counted(lines, "line", "lines")))
        }
        Ok(Withdrawal::TakenOut { expired, cause }) => {
            let (mut exit, mut findings) = ended(&expired);
            if let Some(cause) = cause {
                exit = Exit::Refused;
                let message = format!("what is left could not be put into force: {cause}");
                findings.push(update::FAILED.finding("", message));
            }
            (exit, findings, update::OUT.into())
        }
        Ok(Withdrawal::Emptied { expired, cause }) => {
            let (_, mut findings) = ended(&expired);
            let message = format!(
                "our table could not be taken out of main.cf, which still names it, so it was emptied: {cause}"
            );
            findings.push(update::FAILED.finding("", message).with_cure(EMPTIED_CURE));
            (Exit::Refused, findings, update::EMPTY.into())
        }
        Ok(Withdrawal::WasMissing(taken)) => {
            let (finding, stands) = update::was_missing(output, taken);
            let cure = "run `starttls update`, or `starttls generate … --activate`, which put the policy into force anew";
            (Exit::Refused, vec![finding.with_cure(cure)], stands.into())
        }
        Err(error @ WithdrawError::NoActivation { .. }) => return Err(error),
        Err(error @ WithdrawError::NoRecord { .. }) => {
            let message = format!("{:#}", anyhow::Error::from(error));
            let cure = "run `starttls update`, or `starttls generate --mta postfix --activate`, which write the record anew";
            let stands = "what is in force stays so until its record is written anew";
            (Exit::CouldNot, vec![update::FAILED.finding("", message).with_cure(cure)], stands.into())
        }
        Err(error) => {
            let message = format!("the withdrawal failed: {:#}", anyhow::Error::from(error));
            let cure = "put that right, or take our table out of `smtp_tls_policy_maps` in main.cf by hand and run \
                        `postfix reload`";
            let finding = update::FAILED.finding("", message).with_cure(cure);
            (Exit::CouldNot, vec![finding], "what was in force still is".into())
        }
        Ok(_) => (Exit::Done, Vec::new(), String::new()),
    };
    Ok(Report { exit, findings, stands })
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
