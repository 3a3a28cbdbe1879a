//! A witness that any organisation can run, and a log's way to ask those of others.
//!
//! [`Service`] answers what HTTP brings from a function of its request and its [`State`]; [`ask`] is the other side. What is
//! cosigned, and why anything else is not, is `starttls_trust::log::witness`; sockets are `starttls-net`.
//!
//! Spec: C2SP tlog-witness.

mod ask;
mod over_http;
mod service;
mod state;

pub use ask::{AskError, Post, ask};
pub use over_http::{OverHttp, WITNESS_DEADLINE};
pub use service::{Alarm, Config, ConfigError, Service};
pub use state::{State, StateError};
