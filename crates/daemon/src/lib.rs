//! Answers a mail server's question "what must hold for delivery to this domain?" from every source at once.
//!
//! ```text
//! mail server ─► socketmap ─► engine ─► hot answers ─────────────────────────────────────► reply
//!                               └─ miss: ─► discover (MX, TLSA, MTA-STS) ─┐                   ▲
//!                                        ─► learned (store) ──────────────┼─► decide ─► mta ──┘
//!                                        ─► known (lists, overrides) ─────┘
//! ```
//!
//! `socketmap` serves connections, `engine` finds answers out, `learned` outlasts a restart, `operations` is what people and
//! machines see. Lists and overrides come in through [`Known`], the outside through `starttls_discover::Discovering`.
//!
//! Spec: RFC 7672, RFC 8461, socketmap_table(5).

pub mod activation;
mod answer;
pub mod engine;
mod known;
pub mod learned;
pub mod operations;
pub mod socketmap;

pub use answer::{Answering, Form, Reply};
pub use known::{Known, KnownError, KnownSource};
