//! Withdrawal: takes out of the table what has expired, from the activation record alone.
//!
//! The lines that change were worked out at activation ([`crate::validity`]), so that neither lists nor settings are
//! needed. They go the ordinary way: draft, checks, exchange, reload. If that fails, our table is taken out altogether:
//! an expired policy holds up mail, its absence does not.

use starttls_policy::{Timestamp, with_causes};

use super::remainder::{ExchangeError, rewritten};
use super::{
    DeactivateError, DetectError, Detected, Instance, Leftovers, LiveProbe, Plan, Running, Wanted, activate,
    deactivate,
};
use crate::Commands;
use crate::generations::Generations;
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
}

/// Why nothing could be withdrawn; what was in force still is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WithdrawError {
    /// The activation record cannot be read or written.
    #[error(transparent)]
    Record(#[from] ValidityError),
    /// Postfix could not be asked.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// Our table could not be taken out.
    #[error(transparent)]
    Deactivate(#[from] DeactivateError),
    /// The files, which others put in force, could not be exchanged.
    #[error("the files could not be exchanged")]
    Exchange(#[from] ExchangeError),
}

/// Takes out of force what has expired in the output directory.
///
/// # Errors
/// [`WithdrawError`]; what was in force still is.
pub fn withdraw(generations: &Generations, now: Timestamp) -> Result<Withdrawal, WithdrawError> {
    let root = generations.root();
    let state = ActivationState::read(root)?;
    let meant = state.as_ref().map_or(State::Active, |state| state.state);
    let Some(validity) = Validity::read(root)?.filter(|_| matches!(meant, State::Active | State::Written))
    else {
        return Ok(Withdrawal::NothingExpired);
    };
    let expired: Vec<Part> = validity.expired(now).cloned().collect();
    if expired.is_empty() && !validity.is_over(now) {
        return Ok(Withdrawal::NothingExpired);
    }
    let due = due(generations, &validity, now);
    if meant == State::Written {
        let lines = rewritten(generations, &validity, due, now, |ready| {
            ready.publish()?;
            Ok(())
        })?;
        return Ok(Withdrawal::Exchanged { expired, lines });
    }
    let instance = instance(&validity);
    let server = Detected::ask(&instance)?;
    if server.active_table(generations).is_none() {
        if server.uses_of(root).is_empty() {
            return Ok(Withdrawal::NotInForce);
        }
        // Somebody else names our files, by `$name` or in `unionmap:`, and they must not go: a table without what has
        // expired takes their place.
        let lines = rewritten(generations, &validity, due, now, |ready| {
            ready.publish()?;
            if instance.running()? == Running::Yes {
                instance.reload()?;
            }
            Ok(())
        })?;
        return Ok(Withdrawal::Exchanged { expired, lines });
    }
    let cause = if due.effect == Effect::TakeOut {
        None
    } else {
        let exchanged = rewritten(generations, &validity, due, now, |ready| {
            let wanted = Wanted {
                table_type: validity.table_type(),
                settings: &[],
                written_for: None,
                probe: LiveProbe::Skip,
            };
            let plan = Plan::make(&instance, generations, Some(&ready), &wanted)?;
            activate(plan, generations, Some(ready))?;
            Ok(())
        });
        match exchanged {
            Ok(lines) => return Ok(Withdrawal::Exchanged { expired, lines }),
            Err(error) => Some(with_causes(&error)),
        }
    };
    deactivate(&instance, generations, Leftovers::Keep)?;
    // On a full disk the state stays as it was: what counts is done, and `status` asks Postfix.
    let _ = ActivationState::followed_by(state, State::Withdrawn, now).write(generations);
    Ok(Withdrawal::TakenOut { expired, cause })
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
