//! Whether a server answers at all. One that does not is left out while others answer, and is tried again beside the questions.
//!
//! SERVFAIL is an answer: it may be about one name alone.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A server that fails is checked at most that often while it counts as answering.
const BETWEEN_CHECKS: Duration = Duration::from_secs(1);

/// What is known of a server.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Why it counts as dead.
    failure: Option<String>,
    /// When it answered last.
    answered: Option<Instant>,
    /// When it was checked last; `None` while a check runs.
    checked: Option<Instant>,
    is_checking: bool,
}

impl Health {
    /// Why the server is left out; `None` while it is asked.
    pub(super) fn failure(&self) -> Option<String> {
        self.state().failure.clone()
    }

    pub(super) fn is_dead(&self) -> bool {
        self.state().failure.is_some()
    }

    /// The server answered a question.
    pub(super) fn answered(&self, server: SocketAddr) {
        let mut state = self.state();
        state.answered = Some(Instant::now());
        if state.failure.take().is_some() {
            tracing::info!(resolver = %server, "the resolver {server} answers again");
        }
    }

    /// Tells whether the server is to be checked now, by the caller.
    pub(super) fn begin_check(&self) -> bool {
        let mut state = self.state();
        let is_recent = state.checked.is_some_and(|checked| checked.elapsed() < BETWEEN_CHECKS);
        if state.is_checking || is_recent {
            return false;
        }
        state.is_checking = true;
        true
    }

    pub(super) fn end_check(&self) {
        let mut state = self.state();
        state.is_checking = false;
        state.checked = Some(Instant::now());
    }

    /// The check failed. Where the server has answered no question since `begun` either, it counts as dead.
    pub(super) fn failed(&self, server: SocketAddr, words: &str, begun: Instant) {
        let mut state = self.state();
        if state.answered.is_some_and(|answered| answered >= begun) {
            return;
        }
        if state.failure.replace(words.to_owned()).is_none() {
            tracing::warn!(resolver = %server, "the resolver {server} does not answer: {words}");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
