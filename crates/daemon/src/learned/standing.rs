//! How the memory stands: for metrics, status pages and commands.

use std::sync::atomic::{AtomicU64, Ordering};

use starttls_policy::{Domain, Timestamp};

/// How it stands with the shared store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SharedState {
    /// None is set up.
    Absent,
    /// It has not answered yet.
    Connecting,
    /// It answers, and takes what this node learns.
    Up,
    /// It answers, and takes writes except for some rows, which are locked or refused: they wait and are tried again.
    HeldUp {
        /// How many, and what it said.
        words: String,
    },
    /// It answers, and takes no writes: what this node learns waits, as far as there is room.
    ReadOnly {
        /// What it said.
        words: String,
    },
    /// It does not answer; this node goes on alone, and tries again by itself.
    Down {
        /// What it said, or that it said nothing.
        words: String,
    },
}

impl SharedState {
    /// What this node has to do without because of it, in words.
    pub fn trouble(&self) -> Option<String> {
        match self {
            Self::Absent | Self::Connecting | Self::Up => None,
            Self::HeldUp { words } => {
                Some(format!("the shared store does not take what this node learns for {words}"))
            }
            Self::ReadOnly { words } => {
                Some(format!("the shared store takes no writes, and what this node learns waits: {words}"))
            }
            Self::Down { words } => {
                Some(format!("the shared store is down, and this node goes on alone: {words}"))
            }
        }
    }

    /// Tells whether it can be read.
    pub const fn answers(&self) -> bool {
        matches!(self, Self::Up | Self::HeldUp { .. } | Self::ReadOnly { .. })
    }
}

/// What went wrong with the shared store since the start.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SharedTroubles {
    /// How often it was lost: no open connection was left that answered.
    pub losses: u64,
    /// Batches that it did not take; they are tried again.
    pub refused_writes: u64,
    /// Connections that could not be opened.
    pub refused_connections: u64,
    /// Parts of rows that no node writes, and that were passed over.
    pub unreadable: u64,
    /// Changes that it refuses for what stands in them, and that were given up.
    pub given_up: u64,
    /// Rows that could not be written while others could; they wait and are tried again.
    pub held_up: u64,
}

/// How many rows the own store has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// Policies of any mode, those that ended included.
    pub policies: u64,
    /// Policies that enforce and have not ended.
    pub enforce: u64,
    /// Policies that have ended.
    pub ended: u64,
    /// Releases.
    pub releases: u64,
    /// Domains that were answered by DANE.
    pub dane: u64,
    /// Domains to be verified in the shadow.
    pub to_verify: u64,
    /// Domains that are held in memory alone, since the store takes no changes; their policies and DANE are counted above.
    pub in_memory: u64,
}

/// What went wrong since the start.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Troubles {
    /// Parts of rows that did not parse.
    pub unreadable: u64,
    /// Questions to the own store that it did not answer.
    pub failed_reads: u64,
    /// Batches that the own store did not take; they are tried again.
    pub failed_writes: u64,
    /// Changes that were given up, because too many waited to be written.
    pub dropped: u64,
    /// Policies that were not kept, because the store is full of policies that enforce.
    pub not_kept: u64,
    /// Questions to the shared store that it did not answer in time.
    pub shared_failed_reads: u64,
}

/// What is forgotten at an operator's word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Purge {
    /// One domain.
    Domain(Domain),
    /// Policies and DANE that have ended.
    Ended {
        /// The time it is.
        now: Timestamp,
    },
    /// Everything.
    All,
}

/// Why nothing, or not everything, was forgotten at an operator's word.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PurgeError {
    /// The store takes no changes for some time already.
    #[error("{words}")]
    Unwritable {
        /// The trouble, with its cure.
        words: String,
    },
    /// The store did not take this change.
    #[error("what was learnt cannot be forgotten: {words}")]
    Refused {
        /// The reason, with its cure.
        words: String,
    },
}

/// Why a domain is to be verified in the shadow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ToVerify {
    /// Its MTA-STS policy is of mode `testing`.
    StsTesting,
    /// A list names it in mode `testing`.
    ListTesting,
}

impl ToVerify {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StsTesting => "sts-testing",
            Self::ListTesting => "list-testing",
        }
    }

    /// Reads the word for it.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::StsTesting, Self::ListTesting].into_iter().find(|kind| kind.name() == name)
    }
}

/// [`Troubles`] as they are counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) unreadable: AtomicU64,
    pub(super) failed_reads: AtomicU64,
    pub(super) failed_writes: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) not_kept: AtomicU64,
    pub(super) shared_failed_reads: AtomicU64,
}

impl Tally {
    pub(super) fn troubles(&self) -> Troubles {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Troubles {
            unreadable: read(&self.unreadable),
            failed_reads: read(&self.failed_reads),
            failed_writes: read(&self.failed_writes),
            dropped: read(&self.dropped),
            not_kept: read(&self.not_kept),
            shared_failed_reads: read(&self.shared_failed_reads),
        }
    }
}

/// Adds to a counter.
pub(super) fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

#[cfg(test)]
mod a_shared_store_that_is_not_up {
    use super::*;

    #[test]
    fn fault_is_a_trouble_with_its_cause() {
        let words = || "too many connections".to_owned();
        for state in [SharedState::Down { words: words() }, SharedState::ReadOnly { words: words() }] {
            assert!(state.trouble().is_some_and(|trouble| trouble.contains(&words())), "{state:?}");
        }
        for state in [SharedState::Absent, SharedState::Connecting, SharedState::Up] {
            assert_eq!(state.trouble(), None, "{state:?}");
        }
    }
}
