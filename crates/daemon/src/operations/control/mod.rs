//! The control socket: what changes the daemon while it runs, for root and the daemon's own user alone.
//!
//! One connection carries one request, a line of JSON, and one answer, a line of JSON. The socket has mode 0600, and the kernel's
//! word on who is at the other end is checked before a request is looked at. `starttls reload`, `starttls cache`, `starttls why`
//! and `starttls query` are its clients.

mod client;
mod message;
mod server;
mod shown;
mod socket;

#[cfg(test)]
mod tests;

use std::future::Future;

use starttls_policy::Domain;

pub use client::{ControlError, ask, ask_within};
pub use message::{Purge, Purged, PurgedShared, Request, Response};
pub use server::ControlServer;
pub use shown::{Shown, ShownError, ShownOne, ShownPolicy, ShownRelease};
pub use socket::BindError;

use super::status::StatusDocument;

/// One that can be controlled. Every call ends within a deadline that the server sets: what is not done by then goes on, or
/// does not, as its own nature is.
pub trait Controlled: Send + Sync + 'static {
    /// Reads settings and lists anew; tells in words what came of it.
    fn reload(&self) -> impl Future<Output = Result<String, Refused>> + Send;

    /// Forgets what was learnt; tells how much, and where.
    fn purge(&self, what: Purge) -> impl Future<Output = Result<Purged, Refused>> + Send;

    /// What was learnt, in the order of domains: at most `limit` of them, those that come after `after`.
    fn show(
        &self,
        after: Option<Domain>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Shown>, Refused>> + Send;

    /// What was learnt of one domain, as the engine remembers it.
    fn show_one(&self, domain: Domain) -> impl Future<Output = Result<ShownOne, Refused>> + Send;

    /// Finds one domain out anew; tells in words what came of it.
    fn refresh(&self, domain: Domain) -> impl Future<Output = Result<String, Refused>> + Send;

    /// How it stands.
    fn status(&self) -> impl Future<Output = StatusDocument> + Send;
}

/// Why what was asked was not done.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{words}")]
pub struct Refused {
    /// What is wrong, with the cure where there is one.
    pub words: String,
}
