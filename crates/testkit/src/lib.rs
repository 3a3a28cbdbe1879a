//! What tests share: a throw-away certificate authority and zone files.
//!
//! Dev only: nothing that is shipped depends on it. Servers that serve these files are `starttls-e2e`.

pub mod ca;
pub mod zone;
