//! The activation state and whom withdrawal alerts, written before main.cf is edited: a disk that is full then leaves what was.

use starttls_apply::Generations;
use starttls_apply::validity::{ActivationState, SavedState, State, ValidityError};
use starttls_policy::Timestamp;

use crate::settings::Settings;
use crate::validity;

/// What was written down ahead of an activation.
#[must_use = "it is undone if the activation fails"]
pub(crate) struct Entered {
    before: SavedState,
}

impl Entered {
    /// Records an activation that is about to happen; `repaired` is when it puts our table back that another program removed.
    ///
    /// # Errors
    /// [`ValidityError`]; the state is as it was then.
    pub(crate) fn write(
        generations: &Generations,
        settings: &Settings,
        repaired: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, ValidityError> {
        let entered = Self { before: SavedState::save(generations)? };
        let written = validity::enter(generations, settings, State::Active, now).and_then(|state| {
            let Some(repaired) = repaired else { return Ok(()) };
            ActivationState { repaired: Some(repaired), ..state }.write(generations)
        });
        match written {
            Ok(()) => Ok(entered),
            Err(error) => {
                // The first error is the one to report.
                let _ = entered.undo(generations);
                Err(error)
            }
        }
    }

    /// Brings the state before back after an activation that failed; answers its error, and what could not be undone.
    pub(crate) fn undone_after(self, error: anyhow::Error, generations: &Generations) -> anyhow::Error {
        match self.undo(generations) {
            Ok(()) => error,
            Err(trouble) => error.context(format!("the activation state is not as it was: {trouble}")),
        }
    }

    fn undo(self, generations: &Generations) -> Result<(), ValidityError> {
        // A full disk need not write what is there.
        if SavedState::save(generations).is_ok_and(|now| now == self.before) {
            return Ok(());
        }
        self.before.restore(generations)
    }
}
