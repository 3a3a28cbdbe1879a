//! Withdrawal: takes out of the table what has expired, from the activation record alone.
//!
//! The lines that change were worked out at activation ([`crate::validity`]), so that neither lists nor settings are
//! needed. They go the ordinary way: draft, checks, exchange, reload. If that fails, our table is taken out altogether,
//! or emptied where it cannot be taken out: an expired policy holds up mail, its absence does not. A table that is gone is
//! taken out, too, whether something has expired or not: Postfix defers all mail while it names one.

use starttls_policy::{Timestamp, with_causes};

use super::missing::is_table_missing;
use super::remainder::{ExchangeError, rewritten};
use super::taking_out::{emptied_of, swap, take_out_of, unrecorded};
use super::{
    DetectError, Detected, Instance, LiveProbe, Plan, TakenOut, Use, UseKind, Wanted, WithdrawError,
    Withdrawal, activate, is_recorded, recorded_instance,
};
use crate::Commands;
use crate::generations::{Generations, Ready};
use crate::validity::{
    ActivationState, Due, Effect, Expiries, Part, State, Validity, ValidityError, read_expiries,
};

/// Takes out of force what has expired in the output directory.
///
/// What is left goes into a new generation; failing that our table is taken out of main.cf; failing that, it is emptied.
/// `default` is the instance to ask where no file names the one that the activation was made on.
///
/// # Errors
/// [`WithdrawError`]; what was in force still is.
pub fn withdraw(
    generations: &Generations,
    default: &Instance,
    now: Timestamp,
) -> Result<Withdrawal, WithdrawError> {
    Run::new(generations, default, now).withdraw()
}

/// The record itself, apart from its copy.
enum RecordState {
    Whole,
    /// Damaged, for the reason given, or missing.
    Lost(Option<ValidityError>),
}

impl RecordState {
    fn cause(self) -> Option<ValidityError> {
        match self {
            Self::Whole => None,
            Self::Lost(cause) => cause,
        }
    }
}

/// One withdrawal, with everything that the output directory says.
struct Run<'a> {
    generations: &'a Generations,
    now: Timestamp,
    /// `None` where it is missing; a damaged one says nothing.
    state: Result<Option<ActivationState>, ValidityError>,
    /// The record, or its second copy.
    validity: Option<Validity>,
    record: RecordState,
    instance: Instance,
}

impl<'a> Run<'a> {
    fn new(generations: &'a Generations, default: &Instance, now: Timestamp) -> Self {
        let root = generations.root();
        let (validity, record) = match Validity::read(root) {
            Ok(Some(validity)) => {
                // A copy that cannot be written is written by a later run.
                let _ = validity.write_copy(generations);
                (Some(validity), RecordState::Whole)
            }
            read => (Validity::copy(root).ok().flatten(), RecordState::Lost(read.err())),
        };
        let instance = validity.as_ref().map_or_else(
            || match recorded_instance(generations).ok().flatten() {
                Some(config) => default.with_config(&config),
                None => default.clone(),
            },
            instance,
        );
        Self { generations, now, state: ActivationState::read(root), validity, record, instance }
    }

    /// The state as recorded; what is unknown is taken for active, and Postfix is asked whether our table is in use.
    fn meant(&self) -> State {
        self.state.as_ref().ok().and_then(Option::as_ref).map_or(State::Active, |state| state.state)
    }

    fn withdraw(mut self) -> Result<Withdrawal, WithdrawError> {
        if is_table_missing(self.generations.root())
            && let Some(withdrawal) = self.withdraw_missing()?
        {
            return Ok(withdrawal);
        }
        if !matches!(self.meant(), State::Active | State::Written) {
            return Ok(Withdrawal::NothingExpired);
        }
        let Some(validity) = self.validity.take() else { return self.without_record() };
        let expired: Vec<Part> = validity.expired(self.now).cloned().collect();
        if !expired.is_empty() || validity.is_over(self.now) {
            return self.withdraw_expired(&validity, expired);
        }
        if matches!(self.record, RecordState::Lost(_)) {
            self.validity = Some(validity);
            return self.without_record();
        }
        if validity.is_emptied() && self.meant() == State::Active {
            self.withdraw_emptied(&validity)
        } else {
            Ok(Withdrawal::NothingExpired)
        }
    }

    /// Where our configuration leads to files of ours.
    fn uses(&self) -> Result<Vec<Use>, DetectError> {
        Ok(Detected::ask(&self.instance)?.uses_of(self.generations.root()))
    }

    /// Has Postfix no longer use a table that is gone; `None` where it does not use it.
    fn withdraw_missing(&mut self) -> Result<Option<Withdrawal>, WithdrawError> {
        let root = self.generations.root();
        let known = self.state.as_ref().ok().and_then(Option::as_ref).map(|state| state.state);
        let is_expected = known == Some(State::Active) || is_recorded(root);
        match self.uses() {
            Err(error) if is_expected => return Err(error.into()),
            Ok(uses) if !uses.is_empty() => {}
            _ => return Ok(None),
        }
        let validity = self.validity.clone();
        let validity = validity.unwrap_or_else(|| unrecorded(&self.instance, self.generations, self.now));
        let taken = if known == Some(State::Written) {
            // Who wrote main.cf does without us goes on to name our table.
            emptied_of(&self.instance, self.generations, &validity, self.now)?
        } else {
            take_out_of(&self.instance, self.generations, &validity, self.now)?
        };
        if taken == TakenOut::Removed && known != Some(State::Deactivated) {
            self.enter_withdrawn();
        }
        Ok(Some(Withdrawal::WasMissing(taken)))
    }

    /// Notes that nothing is in force. On a full disk the state stays as it was: what counts is done, and `status` asks Postfix.
    fn enter_withdrawn(&self) {
        let before = self.state.as_ref().ok().cloned().flatten();
        let _ = ActivationState::followed_by(before, State::Withdrawn, self.now).write(self.generations);
    }

    fn withdraw_expired(&self, validity: &Validity, expired: Vec<Part>) -> Result<Withdrawal, WithdrawError> {
        let Self { generations, now, instance, .. } = self;
        let (due, mut cause) = due(generations, validity, *now);
        if self.meant() == State::Written {
            let lines = rewritten(instance, generations, validity, due, *now, |ready| {
                ready.publish()?;
                // The next run writes it.
                let _ = generations.copy_record();
                Ok(())
            })?;
            return Ok(Withdrawal::Exchanged { expired, lines });
        }
        // Where Postfix cannot be asked the table is taken to be in use.
        let uses = self.uses();
        if uses.as_ref().is_ok_and(Vec::is_empty) {
            return Ok(Withdrawal::NotInForce);
        }
        let is_ours = uses.iter().flatten().any(|found| found.kind == UseKind::Ours);
        if !is_ours || due.effect != Effect::TakeOut {
            let exchanged = rewritten(instance, generations, validity, due, *now, |ready| {
                // Who names our files in another way, by `$name` or in `unionmap:`, does so in the next generation, too.
                if is_ours {
                    exchange(instance, generations, validity, ready)
                } else {
                    swap(instance, generations, ready)
                }
            });
            match exchanged {
                Ok(lines) => return Ok(Withdrawal::Exchanged { expired, lines }),
                Err(error) => cause = Some(with_causes(&error)),
            }
        }
        self.take_out(validity, expired, cause)
    }

    fn take_out(
        &self,
        validity: &Validity,
        expired: Vec<Part>,
        cause: Option<String>,
    ) -> Result<Withdrawal, WithdrawError> {
        match take_out_of(&self.instance, self.generations, validity, self.now)? {
            TakenOut::Removed => {
                self.enter_withdrawn();
                Ok(Withdrawal::TakenOut { expired, cause })
            }
            TakenOut::Emptied { cause } => Ok(Withdrawal::Emptied { expired, cause }),
        }
    }

    /// Tries again to take a table out of main.cf that an earlier run could only empty; one that the operator names
    /// otherwise stays.
    fn withdraw_emptied(&self, validity: &Validity) -> Result<Withdrawal, WithdrawError> {
        let uses = self.uses().unwrap_or_default();
        if uses.is_empty() || uses.iter().any(|found| found.kind != UseKind::Ours) {
            return Ok(Withdrawal::NothingExpired);
        }
        self.take_out(validity, Vec::new(), None)
    }

    /// Reports that nobody knows when a table that is in use expires.
    fn without_record(self) -> Result<Withdrawal, WithdrawError> {
        let root = self.generations.root();
        let is_known =
            self.state.as_ref().map_or(true, Option::is_some) || is_recorded(root) || self.validity.is_some();
        let uses = if self.meant() == State::Written { None } else { Some(self.uses()) };
        match uses {
            Some(Ok(uses)) if uses.is_empty() && is_known => return Ok(Withdrawal::NotInForce),
            Some(Err(error)) if is_known => return Err(error.into()),
            Some(found) if found.as_ref().map_or(true, Vec::is_empty) => {
                return Err(WithdrawError::NoActivation { path: root.to_owned() });
            }
            _ => {}
        }
        let expires = self.validity.as_ref().and_then(Validity::first_expiry);
        Err(WithdrawError::NoRecord { path: root.to_owned(), expires, source: self.record.cause() })
    }
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
    let recorded = validity.postfix_commands.as_ref().map(Commands::in_directory);
    // They may have moved since.
    let commands = recorded.filter(|there| there.find("postconf").is_some()).unwrap_or_else(Commands::system);
    Instance::new(commands, validity.postfix_config.clone())
}

/// The effect that is due: everything goes where the expiries cannot tell; then the text is the reason.
fn due(generations: &Generations, validity: &Validity, now: Timestamp) -> (Due, Option<String>) {
    let all = || Due { effect: Effect::TakeOut, later: Expiries::default() };
    if validity.is_over(now) {
        return (all(), None);
    }
    match read_expiries(generations.root()) {
        Ok(Some(expiries)) => (expiries.due(now).unwrap_or_else(all), None),
        Ok(None) => (all(), Some("the record of what is left of the table is missing".to_owned())),
        Err(error) => (all(), Some(with_causes(&error))),
    }
}
