//! `deactivated.json` in the state directory: that the operator took the policy out of force.
//!
//! The output directory says so, too (`state.json`); this record outlives its removal and a change of `output`.

use std::path::Path;

use serde::{Deserialize, Serialize};
use starttls_apply::validity::{ActivationState, State};
use starttls_policy::Timestamp;
use starttls_sources::{Lock, StateDir, StateError};

use crate::settings::Settings;

const FILE: &str = "deactivated.json";
const MAX_BYTES: u64 = 1 << 16;

/// The record of a deactivation could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WithheldError {
    /// It is not what we wrote.
    #[error("`{FILE}` in the state directory is damaged")]
    Damaged(#[source] serde_json::Error),
    /// The system refused.
    #[error("`{FILE}` in the state directory cannot be read")]
    State(#[source] StateError),
}

/// The operator's deactivation, which stands until the operator activates again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Withheld {
    /// Seconds since 1970.
    since: u64,
    /// The output directory of then.
    output: String,
}

impl Withheld {
    /// A deactivation of `output`.
    pub(crate) fn new(output: &Path, since: Timestamp) -> Self {
        Self { since: since.seconds(), output: output.display().to_string() }
    }

    /// Reads it; `None` where nothing is withheld.
    ///
    /// # Errors
    /// [`WithheldError`]: something may be withheld.
    pub(crate) fn read(state: &StateDir) -> Result<Option<Self>, WithheldError> {
        match state.read_note(FILE, MAX_BYTES).map_err(WithheldError::State)? {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(WithheldError::Damaged),
            None => Ok(None),
        }
    }

    /// Writes it in place of the one before.
    ///
    /// # Errors
    /// [`StateError`].
    pub(crate) fn write(&self, lock: &Lock) -> Result<(), StateError> {
        lock.write_note(FILE, &serde_json::to_vec(self).unwrap_or_default())
    }

    /// Ends it, if there is one, and replaces a damaged one.
    ///
    /// # Errors
    /// [`StateError`].
    pub(crate) fn end(lock: &Lock) -> Result<(), StateError> {
        if matches!(Self::read(lock.state()), Ok(None)) { Ok(()) } else { lock.write_note(FILE, b"null") }
    }

    /// The state of an output directory that it makes one of; `None` where that was activated since.
    pub(super) fn state_after(&self, state: Option<&ActivationState>) -> Option<ActivationState> {
        let is_later = state.is_some_and(|state| state.since.seconds() >= self.since);
        let since = Timestamp::from_seconds(self.since).ok()?;
        (!is_later).then(|| ActivationState::new(State::Deactivated, since))
    }
}

/// Whether `output` is the directory of which `update` takes care.
fn is_updated(settings: &Settings, output: &Path) -> bool {
    std::path::absolute(&settings.postfix.output.value).is_ok_and(|updated| updated == output)
}

/// The lock of the state directory, where updates run or may come to run.
fn lock(settings: &Settings) -> Result<Option<Lock>, StateError> {
    let path = settings.state_dir();
    if settings.lists.is_empty() && !path.exists() {
        return Ok(None);
    }
    StateDir::make(path)?.lock().map(Some)
}

/// Records that `generate` takes an output directory out of force.
///
/// # Errors
/// [`StateError`]; an update that finds the directory itself still sees it.
pub(crate) fn begin(settings: &Settings, output: &Path, now: Timestamp) -> Result<(), StateError> {
    match lock(settings)?.filter(|_| is_updated(settings, output)) {
        Some(lock) => Withheld::new(output, now).write(&lock),
        None => Ok(()),
    }
}

/// Records that `generate` took an output directory out of force of which no update takes care: the operator takes the policy
/// out, wherever it was.
///
/// # Errors
/// [`StateError`]; the next update activates then.
pub(crate) fn begin_elsewhere(settings: &Settings, output: &Path, now: Timestamp) -> Result<(), StateError> {
    match lock(settings)?.filter(|_| !is_updated(settings, output)) {
        Some(lock) => Withheld::new(output, now).write(&lock),
        None => Ok(()),
    }
}

/// Records that `generate` put an output directory into force, whichever it is.
///
/// # Errors
/// [`StateError`]; an update that finds the directory active ignores the record.
pub(crate) fn end(settings: &Settings) -> Result<(), StateError> {
    lock(settings)?.map_or(Ok(()), |lock| Withheld::end(&lock))
}

/// Records that `generate` did not take an output directory out of force after all.
///
/// # Errors
/// [`StateError`]; an update that finds the directory active ignores the record.
pub(crate) fn undo(settings: &Settings, output: &Path) -> Result<(), StateError> {
    if is_updated(settings, output) { end(settings) } else { Ok(()) }
}
