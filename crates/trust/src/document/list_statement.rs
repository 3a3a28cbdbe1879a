//! The list statement: the small text that organisations sign for a list of any size.

use alloc::format;
use alloc::string::String;

use serde::{Deserialize, Serialize};
use starttls_policy::Timestamp;

use super::{DocumentError, senseless};
use crate::digest::Digest;
use crate::text;

/// What is signed of a list: its hash, and what a signer should see without having the list at hand.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ListStatement {
    /// Version of the root under which it was made; counts for people alone.
    pub root: u64,
    /// As in the list.
    pub author: String,
    /// As in the list.
    pub serial: u64,
    /// As in the list.
    #[serde(with = "text::time")]
    pub timestamp: Timestamp,
    /// As in the list; at most [`MAX_LIFE_DAYS`] after the timestamp.
    #[serde(with = "text::time")]
    pub expires: Timestamp,
    /// How many domains it has.
    pub entries: u64,
    /// Bytes of the list.
    pub size: u64,
    /// Hash of the list's bytes.
    pub sha256: Digest,
    /// Hash of the list before it; none of the first.
    pub previous: Option<Digest>,
    /// What changes against that.
    pub changes: Changes,
}

/// How many entries change, as the builder counted them; for the signer's eye.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Changes {
    /// New domains.
    pub added: u64,
    /// Domains that are gone.
    pub removed: u64,
    /// Domains of which more is demanded.
    pub tightened: u64,
    /// Domains of which less is demanded.
    pub relaxed: u64,
    /// Domains whose policy is another, neither tighter nor weaker.
    pub changed: u64,
}

/// Longest life of a list, in days: `expires` is a backstop, freshness comes from witnesses (design §6).
pub const MAX_LIFE_DAYS: u32 = 400;

impl ListStatement {
    pub(super) fn check(&self) -> Result<(), DocumentError> {
        let life = self.timestamp.until(self.expires).as_secs();
        if life == 0 || life > u64::from(MAX_LIFE_DAYS) * 86_400 {
            return senseless(format!(
                "the list expires at {}; want at most {MAX_LIFE_DAYS} days after its timestamp {}",
                self.expires, self.timestamp
            ));
        }
        if self.size > starttls_policy::read::MAX_LIST_BYTES {
            return senseless(format!("a list of {} bytes is larger than any may be", self.size));
        }
        Ok(())
    }
}
