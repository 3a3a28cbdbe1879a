//! What a client remembers of one source, so that nobody can lead it back.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use starttls_policy::{List, Timestamp};

use crate::digest::Digest;
use crate::document::RootRef;
use crate::ladder::Clock;
use crate::log::TreeHead;
use crate::relax::{InForce, Order, RelaxOrders, in_force};
use crate::term::Term;
use crate::text;

/// What a client remembers of one source. Made by acceptance alone; stored whole, in place of the one before.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Memory {
    /// The root in force.
    pub root: RootRef,
    /// Its signed note.
    pub root_note: String,
    /// The list in force.
    pub list: HeldList,
    /// Organisations that signed it.
    pub signers: BTreeSet<String>,
    /// The log.
    pub log: HeldLog,
    /// When the list begins to age, and when it ends.
    pub term: Term,
    /// Relax orders that may still matter.
    pub relax: Vec<Order>,
}

/// The list in force, as its statement describes it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HeldList {
    /// Who speaks.
    pub author: String,
    /// Its serial.
    pub serial: u64,
    /// Hash of its bytes.
    pub sha256: Digest,
    /// When it was issued.
    #[serde(with = "text::time")]
    pub timestamp: Timestamp,
    /// Its own end.
    #[serde(with = "text::time")]
    pub expires: Timestamp,
}

/// The log as it was last seen.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HeldLog {
    /// Its name.
    pub origin: String,
    /// Its largest tree.
    pub tree: TreeHead,
    /// The latest time at which enough witnesses vouched for it.
    #[serde(with = "text::time")]
    pub quorum_time: Timestamp,
}

/// Why a file is no memory.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// Too large to be one.
    #[error("what is remembered of a source has at most {MAX_MEMORY_BYTES} bytes")]
    TooLarge,
    /// No JSON, or not of the form.
    #[error("it is not what this program remembers of a source: {0}")]
    Form(String),
}

/// Largest memory: a root and many relax orders of the largest size fit.
pub const MAX_MEMORY_BYTES: u64 = 32 << 20;

/// Most orders that are remembered; beyond, those that end first are forgotten.
const MAX_REMEMBERED_ORDERS: usize = 1024;

impl Memory {
    /// Reads the file that [`Memory::to_text`] wrote.
    ///
    /// # Errors
    /// [`MemoryError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, MemoryError> {
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_MEMORY_BYTES {
            return Err(MemoryError::TooLarge);
        }
        serde_json::from_slice(bytes).map_err(|error| MemoryError::Form(error.to_string()))
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The time by which this source's list ends.
    pub fn clock(&self, local: Timestamp) -> Clock {
        Clock::new(local, Some(self.log.quorum_time))
    }

    /// What relax orders come to by now; `list` is the one in force. To be asked again at [`InForce::until`].
    pub fn relaxed(&self, list: &List, choice: RelaxOrders, local: Timestamp) -> InForce {
        in_force(&self.relax, list, choice, self.clock(local).now())
    }
}

/// The orders that are worth remembering.
pub(super) fn worth_remembering(mut orders: Vec<Order>, now: Timestamp) -> Vec<Order> {
    orders.retain(|order| order.matters(now));
    if orders.len() > MAX_REMEMBERED_ORDERS {
        orders.sort_by_key(|order| core::cmp::Reverse((order.expires, order.sha256)));
        orders.truncate(MAX_REMEMBERED_ORDERS);
        orders.sort_by_key(|order| (order.timestamp, order.sha256));
    }
    orders
}
