//! Whether the daemon answers: one word for `/healthz`, the status page and the watchdog.

use std::sync::{PoisonError, RwLock};

use serde::Serialize;

/// Whether the daemon answers.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "state", content = "words", rename_all = "kebab-case")]
pub enum HealthState {
    /// Not yet.
    Starting(String),
    /// It does.
    Serving,
    /// It did, and does not any more.
    Failing(String),
}

/// Whether the daemon answers, as told by those who know.
#[derive(Debug)]
pub struct Health(RwLock<HealthState>);

impl Default for Health {
    fn default() -> Self {
        Self(RwLock::new(HealthState::Starting("starting".into())))
    }
}

impl Health {
    /// Tells how far the start has come.
    pub fn starting(&self, words: &str) {
        self.set(HealthState::Starting(words.into()));
    }

    /// Tells that look-ups are answered.
    pub fn serving(&self) {
        self.set(HealthState::Serving);
    }

    /// Tells that look-ups are not answered, and why.
    pub fn failing(&self, words: &str) {
        self.set(HealthState::Failing(words.into()));
    }

    /// What was told last.
    pub fn state(&self) -> HealthState {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: HealthState) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}
