//! Whether the policy of an output directory is meant to be in force.

use std::path::Path;

use serde::{Deserialize, Serialize};
use starttls_policy::Timestamp;

use super::{ValidityError, put, read_file, read_json, time, write_json};
use crate::generations::Generations;

const FILE: &str = "state.json";

/// Whether the policy of an output directory is meant to be in force. What the mail server really uses is asked of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ActivationState {
    /// What holds.
    pub state: State,
    /// Since when.
    #[serde(with = "time")]
    pub since: Timestamp,
    /// When an update put our table back into main.cf that another program had removed.
    #[serde(with = "time::optional")]
    pub repaired: Option<Timestamp>,
    /// Whether an update has reported that it does not activate.
    pub is_reported: bool,
}

/// What holds of the policy of an output directory.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The mail server was told to use it.
    Active,
    /// Its files are written, and the mail server is told by others.
    Written,
    /// All of it expired and was taken out of force; it comes back by itself.
    Withdrawn,
    /// The operator took it out of force; it comes back when the operator says so.
    Deactivated,
}

impl ActivationState {
    /// A state that begins now.
    pub const fn new(state: State, since: Timestamp) -> Self {
        Self { state, since, repaired: None, is_reported: false }
    }

    /// The state that follows: the same one keeps its beginning, and what is remembered with it.
    #[must_use]
    pub fn followed_by(before: Option<Self>, state: State, now: Timestamp) -> Self {
        before.filter(|before| before.state == state).unwrap_or_else(|| Self::new(state, now))
    }

    /// Reads it without the lock; `None` before anything was written.
    ///
    /// # Errors
    /// [`ValidityError`].
    pub fn read(root: &Path) -> Result<Option<Self>, ValidityError> {
        read_json(&root.join(FILE))
    }

    /// Writes it in place of the one before.
    ///
    /// # Errors
    /// [`ValidityError`].
    pub fn write(&self, generations: &Generations) -> Result<(), ValidityError> {
        write_json(&generations.root().join(FILE), self, 0o644)
    }
}

/// The bytes of the state file at some moment, damaged or not.
#[derive(Debug, Eq, PartialEq)]
pub struct SavedState(Option<Vec<u8>>);

impl SavedState {
    /// Reads the file as it is.
    ///
    /// # Errors
    /// [`ValidityError`] where the system refuses.
    pub fn save(generations: &Generations) -> Result<Self, ValidityError> {
        read_file(&generations.root().join(FILE)).map(Self)
    }

    /// Makes the file what it was; a damaged one stays damaged, so that it is never taken for a state that was recorded.
    ///
    /// # Errors
    /// [`ValidityError`].
    pub fn restore(&self, generations: &Generations) -> Result<(), ValidityError> {
        let path = generations.root().join(FILE);
        match &self.0 {
            Some(bytes) => put(&path, bytes, 0o644),
            None => starttls_host::remove(&path).map_err(|source| ValidityError::Io { path, source }),
        }
    }
}
