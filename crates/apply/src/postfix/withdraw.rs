//! Withdrawal: takes out of the table what has expired, from the activation record alone.
//!
//! The lines that change were worked out at activation ([`crate::validity`]), so that neither lists nor settings are
//! needed. They go the ordinary way: draft, checks, exchange, reload. If that fails, our table is taken out altogether,
//! or emptied where it cannot be taken out: an expired policy holds up mail, its absence does not.

use std::path::PathBuf;

use starttls_policy::{Timestamp, with_causes};

use super::remainder::{ExchangeError, rewritten};
use super::taking_out::{swap, take_out_of};
use super::{
    DetectError, Detected, Instance, LiveProbe, Plan, TakenOut, UseKind, Wanted, activate, is_recorded,
    recorded_instance,
};
use crate::Commands;
use crate::generations::{Generations, Ready};
use crate::validity::{
    ActivationState, Due, Effect, Expiries, Part, State, Validity, ValidityError, read_expiries,
};

/// Result of a withdrawal.
#[derive(Debug)]
#[non_exhaustive]
pub enum Withdrawal {
    /// Nothing of ours is in force, or nothing of it has expired.
    NothingExpired,
    /// The mail server does not use our table.
    NotInForce,
    /// A table without what has expired is in force.
    Exchanged {
        /// What had expired.
        expired: Vec<Part>,
        /// How many lines are left.
        lines: u64,
    },
    /// Our table was taken out of the mail server's configuration.
    TakenOut {
        /// What had expired.
        expired: Vec<Part>,
        /// Why what is left could not be put in force; `None` when nothing is left.
        cause: Option<String>,
    },
    /// Our table is still named, and has no lines.
    Emptied {
        /// What had expired.
        expired: Vec<Part>,
        /// Why it could not be taken out of the mail server's configuration.
        cause: String,
    },
}

fn until(expires: Option<&Timestamp>) -> String {
    expires.map_or_else(String::new, |end| format!(" (by a copy it expires at {end})"))
}

/// Why nothing could be withdrawn; what was in force still is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WithdrawError {
    /// Postfix uses our table, and its record is missing or damaged, so that nobody knows when it expires.
    #[error(
        "the record in `{path}` of when the policy in force expires is missing or damaged{}; \
         run `starttls update`, which writes it anew",
        until(.expires.as_ref())
    )]
    NoRecord {
        /// The output directory.
        path: PathBuf,
        /// When it expires, as far as a second copy of the record says; it is withdrawn then.
        expires: Option<Timestamp>,
        /// What is wrong with it; `None` when it is missing.
        #[source]
        source: Option<ValidityError>,
    },
    /// Postfix could not be asked.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// Our table could neither be taken out of main.cf nor be emptied.
    #[error("{cause}; and the table could not be emptied either")]
    NotEmptied {
        /// Why it could not be taken out.
        cause: String,
        /// Why it could not be emptied.
        #[source]
        source: Box<ExchangeError>,
    },
    /// The files, which others put in force, could not be exchanged.
    #[error("the files could not be exchanged")]
    Exchange(#[from] ExchangeError),
}

/// Takes out of force what has expired in the output directory.
///
/// What is left goes into a new generation; failing that our table is taken out of main.cf; failing that, it is emptied.
///
/// # Errors
/// [`WithdrawError`]; what was in force still is.
pub fn withdraw(generations: &Generations, now: Timestamp) -> Result<Withdrawal, WithdrawError> {
    let root = generations.root();
    // A damaged state says nothing; Postfix is asked below whether our table is in use.
    let state = ActivationState::read(root).ok().flatten();
    let meant = state.as_ref().map_or(State::Active, |state| state.state);
    if !matches!(meant, State::Active | State::Written) {
        return Ok(Withdrawal::NothingExpired);
    }
    let (validity, lost) = match Validity::read(root) {
        Ok(Some(validity)) => {
            // A copy that cannot be written is written by a later run.
            let _ = validity.remember(generations);
            (validity, None)
        }
        read => {
            let lost = Lost(read.err());
            match Validity::last_seen(root) {
                Ok(Some(seen)) => (seen, Some(lost)),
                _ if state.is_none() && !is_recorded(root) => return Ok(Withdrawal::NothingExpired),
                _ => return no_record(generations, meant, None, lost),
            }
        }
    };
    let expired: Vec<Part> = validity.expired(now).cloned().collect();
    if expired.is_empty() && !validity.is_over(now) {
        return match lost {
            None => Ok(Withdrawal::NothingExpired),
            Some(lost) => no_record(generations, meant, Some(&validity), lost),
        };
    }
    let due = due(generations, &validity, now);
    let instance = instance(&validity);
    if meant == State::Written {
        let lines = rewritten(&instance, generations, &validity, due, now, |ready| {
            ready.publish()?;
            Ok(())
        })?;
        return Ok(Withdrawal::Exchanged { expired, lines });
    }
    // Where Postfix cannot be asked the table is taken to be in use.
    let uses = Detected::ask(&instance).map(|server| server.uses_of(root));
    if uses.as_ref().is_ok_and(Vec::is_empty) {
        return Ok(Withdrawal::NotInForce);
    }
    let is_ours = uses.iter().flatten().any(|found| found.kind == UseKind::Ours);
    let mut cause = None;
    if !is_ours || due.effect != Effect::TakeOut {
        let exchanged = rewritten(&instance, generations, &validity, due, now, |ready| {
            // Who names our files in another way, by `$name` or in `unionmap:`, does so in the next generation, too.
            if is_ours { exchange(&instance, generations, &validity, ready) } else { swap(&instance, ready) }
        });
        match exchanged {
            Ok(lines) => return Ok(Withdrawal::Exchanged { expired, lines }),
            Err(error) => cause = Some(with_causes(&error)),
        }
    }
    match take_out_of(&instance, generations, &validity, now)? {
        TakenOut::Removed => {
            // On a full disk the state stays as it was: what counts is done, and `status` asks Postfix.
            let _ = ActivationState::followed_by(state, State::Withdrawn, now).write(generations);
            Ok(Withdrawal::TakenOut { expired, cause })
        }
        TakenOut::Emptied { cause } => Ok(Withdrawal::Emptied { expired, cause }),
    }
}

/// Why there is no record; none when it is missing.
struct Lost(Option<ValidityError>);

/// Tells that nobody knows when a table that is in use expires.
fn no_record(
    generations: &Generations,
    meant: State,
    seen: Option<&Validity>,
    Lost(source): Lost,
) -> Result<Withdrawal, WithdrawError> {
    let root = generations.root();
    let recorded = || recorded_instance(generations).ok().flatten();
    let instance = seen.map_or_else(|| Instance::new(Commands::system(), recorded()), instance);
    if meant == State::Active && Detected::ask(&instance)?.uses_of(root).is_empty() {
        return Ok(Withdrawal::NotInForce);
    }
    let expires = seen.and_then(Validity::first_expiry);
    Err(WithdrawError::NoRecord { path: root.to_owned(), expires, source })
}

/// Has the mail server use a generation as an activation does, with its key files.
fn exchange(
    instance: &Instance,
    generations: &Generations,
    validity: &Validity,
    ready: Ready<'_>,
) -> Result<(), ExchangeError> {
    let wanted = Wanted {
        table_type: validity.table_type(),
        settings: &[],
        written_for: None,
        probe: LiveProbe::Skip,
    };
    let plan = Plan::make(instance, generations, Some(&ready), &wanted)?;
    activate(plan, generations, Some(ready))?;
    Ok(())
}

/// The instance that an activation was made on.
pub fn instance(validity: &Validity) -> Instance {
    let commands = validity.postfix_commands.as_ref().map_or_else(Commands::system, Commands::in_directory);
    Instance::new(commands, validity.postfix_config.clone())
}

/// What is due; everything is where the expiries cannot tell.
fn due(generations: &Generations, validity: &Validity, now: Timestamp) -> Due {
    let all = || Due { effect: Effect::TakeOut, later: Expiries::default() };
    if validity.is_over(now) {
        return all();
    }
    let expiries = read_expiries(generations.root()).ok().flatten();
    expiries.and_then(|expiries| expiries.due(now)).unwrap_or_else(all)
}
