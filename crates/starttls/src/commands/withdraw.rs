//! `starttls withdraw`: take out of force what has ended; for the withdrawal timer.
//!
//! Exit: 0 nothing has ended, 1 could not, 3 something was taken out.

use std::time::{Duration, Instant};

use starttls_apply::postfix::{self, Leftovers};
use starttls_policy::{Finding, Timestamp};
use starttls_sources::{Lock, StateDir, StateError};

use crate::clock;
use crate::exit::Exit;
use crate::settings::{Settings, SettingsArgs};
use crate::target::{self, Target};
use crate::update::{self, InForceRecord, Kind, PartKind};

/// Longer than an update holds the lock while it does not fetch.
const WAIT_FOR_LOCK: Duration = Duration::from_mins(5);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Take out of force what has ended. Fetches nothing; for the withdrawal timer.
///
/// Static tables do not expire by themselves. This looks whether a list or override in force has ended without an update
/// having replaced it; if so, it writes the policy anew without it, or takes our table out if nothing else is left, and
/// says so. The next update that succeeds brings it back.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn run(place: &SettingsArgs) -> anyhow::Result<Exit> {
        let settings = place.load()?;
        let state = match StateDir::open(settings.state_dir()) {
            Err(StateError::Missing { .. }) => return Ok(Exit::Done),
            state => state?,
        };
        let lock = lock(&state)?;
        let now = clock::now();
        lock.write_note(update::SEEN, format!("{}\n", now.seconds()).as_bytes())?;
        let Some(record) = InForceRecord::read(&state)? else { return Ok(Exit::Done) };
        if record.overdue(now).next().is_none() {
            return Ok(Exit::Done);
        }
        // An override ends as its operator said: that is done, and nothing to tell.
        let ended: Vec<Finding> = record
            .overdue(now)
            .filter(|part| part.kind == PartKind::List)
            .map(|part| {
                update::ENDED.finding(&*part.name, format!("{} has ended and was still in force", part.name))
            })
            .collect();
        let exit = if ended.is_empty() { Exit::Done } else { Exit::Refused };
        let (mut findings, stands) = take_out(&settings, place, &lock, record, now);
        findings.splice(0..0, ended);
        update::tell(&findings, &stands, &settings, &lock, now);
        Ok(exit)
    }
}

/// Writes the policy without what has ended; if that cannot be done, takes our table out altogether: an ended policy
/// holds up mail, its absence does not.
fn take_out(
    settings: &Settings,
    place: &SettingsArgs,
    lock: &Lock,
    record: InForceRecord,
    now: Timestamp,
) -> (Vec<Finding>, Vec<String>) {
    match update::run(settings, place, Kind::Withdraw, lock, now) {
        Ok(report) if !matches!(report.applied, update::Applied::Refused) => (report.findings, report.stands),
        other => {
            let mut findings = other.as_ref().map_or_else(|_| Vec::new(), |report| report.findings.clone());
            if let Err(error) = &other {
                findings.push(
                    update::FAILED
                        .finding("", format!("what is left could not be put into force: {error:#}")),
                );
            }
            let emptied = || Ok(record.emptied(now).write(lock)?);
            let stands = match deactivate(settings).and_then(|()| emptied()) {
                Ok(()) => {
                    "our table was taken out of force altogether; mail is encrypted where possible".into()
                }
                Err(error) => format!("our table is still in force and could not be taken out: {error:#}"),
            };
            (findings, vec![stands])
        }
    }
}

fn deactivate(settings: &Settings) -> anyhow::Result<()> {
    let generations = target::open(&settings.postfix.output.value)?;
    postfix::deactivate(&Target::of(settings).server.instance(), &generations, Leftovers::Keep)?;
    Ok(())
}

/// Waits for an update that is just running.
fn lock(state: &StateDir) -> Result<Lock, StateError> {
    let give_up = Instant::now() + WAIT_FOR_LOCK;
    loop {
        match state.lock() {
            Err(StateError::Busy { .. }) if Instant::now() < give_up => std::thread::sleep(LOOK_EVERY),
            other => return other,
        }
    }
}
