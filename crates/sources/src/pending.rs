//! Stand-ins for what `starttls-trust` brings.
use serde::{Deserialize, Serialize};
use starttls_policy::{Domain, Timestamp};
use starttls_trust::Digest;

/// What a client remembers of a source with proofs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct WitnessedMemory {}

/// What a client remembers of a source without proofs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PlainMemory {
    /// As in the list.
    pub serial: u64,
    /// Hash of its bytes.
    pub sha256: Digest,
}

/// An order in force: these domains count as `testing`.
#[derive(Clone, Debug, PartialEq)]
pub struct Relaxation {
    /// Who ordered it.
    pub organisation: String,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// The domains, providers resolved.
    pub domains: Vec<Domain>,
}

/// The staleness ladder.
pub mod ladder {
    use serde::{Deserialize, Serialize};

    /// Where a source stands.
    #[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum State {
        /// Nothing was ever accepted.
        #[default]
        Empty,
        /// In order.
        Fresh,
        /// In force, its end is near.
        Ageing,
        /// In force, and something contradicts it.
        Suspicious,
        /// Ended: nothing of it is in force.
        Ended,
    }

    /// What is to be done.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    pub enum Action {
        /// Nothing but to enforce.
        Enforce,
        /// Warn, with a countdown.
        Warn,
        /// Alert, and keep what is in force.
        Alarm,
        /// Alert, and remove what came from the source.
        Withdraw,
    }
}
