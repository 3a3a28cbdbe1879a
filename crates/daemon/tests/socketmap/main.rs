//! The socketmap server on real sockets of the loopback interface: what clients get, however they behave.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod activation;
mod deadlines;
mod files;
mod hostile;
mod listening;
mod replies;
mod shedding;
mod stage;
mod stopping;
