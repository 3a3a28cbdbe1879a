//! What tests share: a throw-away certificate authority, zone files, an HTTPS and a DNS server that misbehave, a proxy, PostgreSQL,
//! faults at chosen places.
//!
//! Dev only: nothing that is shipped depends on it. Real servers for mail and DNS are `starttls-e2e`.

pub mod ca;
pub mod delay;
pub mod dns;
pub mod documents;
pub mod fault;
pub mod https;
mod listener;
pub mod postgres;
pub mod proxy;
pub mod world;
pub mod zone;
