//! What tests share: a throw-away certificate authority, zone files, an HTTPS server that misbehaves, a proxy.
//!
//! Dev only: nothing that is shipped depends on it. Servers for mail and DNS are `starttls-e2e`.

pub mod ca;
pub mod https;
mod listener;
pub mod proxy;
pub mod zone;
