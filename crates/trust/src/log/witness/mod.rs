//! The witness protocol: how a log gets the word of others that it has only grown.
//!
//! ```text
//! log ──► Request: old size, consistency proof, checkpoint ──► Witness::admit ─► (its state) ─► Admitted::cosign
//!     ◄── Reply: cosignature · 409 and the size it knows · refusal ◄──┘
//! ```
//!
//! Both sides as pure functions: keeping the witness's state and carrying requests over HTTP is `starttls-publish`.
//!
//! Spec: C2SP tlog-witness, tlog-cosignature.

mod known_logs;
mod reply;
mod request;
mod server;

pub use known_logs::{KnownLogs, KnownLogsError};
pub use reply::{MAX_REPLY_BYTES, Outcome, Reply, ReplyError, read_reply, with_cosignature};
pub use request::{MAX_REQUEST_BYTES, Request, RequestError};
pub use server::{Admitted, Cosigned, Refusal, Witness, WitnessError, origin_hash};

#[cfg(test)]
mod tests;
