//! Postfix: what it says of itself, checks by its own tools, activation and undoing it.
//!
//! What its policy tables look like is `starttls_mta::postfix`.
//!
//! Spec: postconf(1), postmap(1), postfix(1), posttls-finger(1), postconf(5).

mod detect;
mod instance;
mod listing;
pub mod native;
mod services;
mod table;

pub use detect::{DetectError, Detected};
pub use instance::{Instance, Running};
pub use services::{SmtpService, Where};
pub use table::{Probe, Table, TableError};
