//! Why a question has no answer.

use std::net::SocketAddr;

use starttls_policy::decide::evidence::Cause;

/// A question without an answer: nothing is known, neither that something is there nor that it is not.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{words}{}", server.map(|server| format!(" (resolver {server})")).unwrap_or_default())]
pub struct DnsFailure {
    /// The kind: time-out, failure, or signatures that do not hold.
    pub cause: Cause,
    /// Who was asked last; nobody where the question itself is the trouble.
    pub server: Option<SocketAddr>,
    /// What happened, for people.
    pub words: String,
}

impl DnsFailure {
    pub(super) fn new(cause: Cause, server: SocketAddr, words: impl Into<String>) -> Self {
        Self { cause, server: Some(server), words: words.into() }
    }
}
