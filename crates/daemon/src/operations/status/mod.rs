//! The status address: what the daemon knows of itself over HTTP, read only.
//!
//! `/metrics` is for Prometheus, `/status.json` for programs, `/` for people, `/healthz` for whoever restarts what is stuck.
//! Whatever changes something is `control`, on a socket of its own. docs/status.md is the description.

mod document;
mod html;
mod page;
mod server;
mod view;

#[cfg(test)]
mod tests;

pub use document::StatusDocument;
pub use server::StatusServer;
pub use view::View;
