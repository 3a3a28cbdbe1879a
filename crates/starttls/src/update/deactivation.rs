//! Whether the operator took the policy out of force, by the records of the output and the state directory.

use std::path::Path;

use starttls_apply::validity::{ActivationState, State, ValidityError};
use starttls_policy::{Finding, with_causes};
use starttls_sources::StateDir;

use super::findings;
use super::withheld::{Withheld, WithheldError};

/// The two records of a deactivation. One that cannot be read says nothing, least of all that the policy may be put into force.
pub(super) struct Deactivation {
    state: Result<Option<ActivationState>, ValidityError>,
    withheld: Result<Option<Withheld>, WithheldError>,
}

impl Deactivation {
    /// Reads both.
    pub(super) fn read(output: &Path, state: &StateDir) -> Self {
        Self { state: ActivationState::read(output), withheld: Withheld::read(state) }
    }

    /// The state of the output directory, where it can be read.
    pub(super) fn state(&self) -> Option<&ActivationState> {
        self.state.as_ref().ok()?.as_ref()
    }

    /// The deactivation that the output directory tells of.
    pub(super) fn of_output(&self) -> Option<&ActivationState> {
        self.state().filter(|state| state.state == State::Deactivated)
    }

    /// The deactivation that the state directory tells of, unless the output directory was activated since.
    pub(super) fn of_state_directory(&self) -> Option<ActivationState> {
        self.withheld.as_ref().ok()?.as_ref()?.state_after(self.state())
    }

    /// What to do about a record that cannot be read, where main.cf does not name our table.
    pub(super) fn unknown(&self) -> Option<Finding> {
        let cause = match (&self.state, &self.withheld) {
            (Err(error), _) => with_causes(error),
            (_, Err(error)) => with_causes(error),
            (Ok(_), Ok(_)) => return None,
        };
        let message =
            format!("the policy stays out of force, since the operator may have deactivated it: {cause}");
        let cure = "if it is to be in force, run `starttls update --activate`; if it is to stay out, run `starttls generate \
                    --mta postfix --deactivate`";
        Some(findings::DEACTIVATION_UNKNOWN.finding("", message).with_cure(cure))
    }
}
