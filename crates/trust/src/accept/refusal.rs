//! Why a candidate is refused, in words, and how much that weighs.

use alloc::string::{String, ToString};
use core::fmt;

use starttls_policy::{Timestamp, printable};

use super::{MAX_AHEAD_SECONDS, MAX_BEHIND_SECONDS};
use crate::chain::ChainError;
use crate::digest::Digest;
use crate::document::LeafKind;
use crate::ladder::Event;
use crate::log::{CheckpointError, ProofError};
use crate::note::NoteError;
use crate::threshold::ThresholdError;

/// Why a candidate is refused. Whatever was held stays in force.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A part of the bundle is not of its form.
    #[error("the {part}: {message}")]
    Unreadable {
        /// Which.
        part: Part,
        /// What is wrong with it.
        message: String,
    },
    /// The roots do not lead from the pinned one to the one in force.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Too few organisations signed the list statement, or a signature is wrong.
    #[error("the list is not signed as it must be: {0}")]
    Threshold(ThresholdError),
    /// An older list than the one that is known.
    #[error("rolled back: the list has serial {serial}; {known} is known already")]
    RolledBack {
        /// What is offered.
        serial: u64,
        /// What is known.
        known: u64,
    },
    /// Two lists of one serial, both signed.
    #[error("there are two lists with serial {serial}, both validly signed: {known} and {got}")]
    Equivocation {
        /// Their serial.
        serial: u64,
        /// Hash of the one that is known.
        known: Digest,
        /// Hash of the other.
        got: Digest,
    },
    /// A later serial with an earlier time.
    #[error("the list of serial {serial} is dated {timestamp}, before the one that is known ({known})")]
    TimeGoesBack {
        /// What is offered.
        serial: u64,
        /// Its time.
        timestamp: Timestamp,
        /// The time of the list that is known.
        known: Timestamp,
    },
    /// The manifest speaks of something else than the bundle carries: parts of different days.
    #[error(
        "the manifest names another {part} than the bundle carries: parts of different days were put together"
    )]
    NotInManifest {
        /// What differs.
        part: Part,
    },
    /// Not the log's checkpoint.
    #[error("{}", printable(&.0.to_string()))]
    Checkpoint(CheckpointError),
    /// The manifest is not the last leaf: something was published after it.
    #[error("the manifest is not the last leaf of the log: {0}")]
    ManifestNotLast(ProofError),
    /// Nothing shows that it was logged.
    #[error("the bundle does not show that the {kind} {sha256} is in the log")]
    NoProof {
        /// What.
        kind: LeafKind,
        /// Its hash.
        sha256: Digest,
    },
    /// What should show that it was logged does not.
    #[error("the {kind} {sha256} is not in the log where the bundle says: {cause}")]
    NotIncluded {
        /// What.
        kind: LeafKind,
        /// Its hash.
        sha256: Digest,
        /// Why not.
        cause: ProofError,
    },
    /// The log is smaller than it was, has forked, or cannot be read.
    #[error("the log does not continue the one that is known: {0}")]
    Consistency(ProofError),
    /// A wrong cosignature.
    #[error("the witnesses' cosignatures: {0}")]
    Cosignatures(NoteError),
    /// Too few witnesses.
    #[error("below quorum: fewer than {quorum} organisations' witnesses have cosigned the checkpoint")]
    BelowQuorum {
        /// So many are needed.
        quorum: u32,
    },
    /// The list is dated ahead of the local clock.
    #[error(
        "the list is dated {timestamp}, more than {} hours ahead of this machine's clock ({now}): is the clock right?",
        MAX_AHEAD_SECONDS / 3600
    )]
    FromTheFuture {
        /// Its time.
        timestamp: Timestamp,
        /// The local clock.
        now: Timestamp,
    },
    /// The witnesses' time is ahead of the local clock.
    #[error(
        "the witnesses' time is {quorum_time}, more than {} hours ahead of this machine's clock ({now}): is the clock right?",
        MAX_AHEAD_SECONDS / 3600
    )]
    ClockBehind {
        /// The quorum time.
        quorum_time: Timestamp,
        /// The local clock.
        now: Timestamp,
    },
    /// The witnesses' time is well behind what was accepted before.
    #[error(
        "the cosignatures are of {quorum_time}, more than {} hours behind those that are known ({known}): the mirror is frozen",
        MAX_BEHIND_SECONDS / 3600
    )]
    OldCosignatures {
        /// The quorum time.
        quorum_time: Timestamp,
        /// The one that is known.
        known: Timestamp,
    },
    /// It has ended.
    #[error("{0}")]
    Ended(End),
    /// It does not say when it was issued or when it ends; such a list counts as ended (design §4).
    #[error("the list has no time or no end, and counts as ended")]
    Incomplete,
    /// The list's bytes are not those that were signed.
    #[error("the list has {got} bytes; {size} were signed")]
    OtherSize {
        /// What was signed.
        size: u64,
        /// What was read.
        got: u64,
    },
    /// The list's bytes are not those that were signed.
    #[error("the list's hash is {got}; {sha256} was signed")]
    OtherBytes {
        /// What was signed.
        sha256: Digest,
        /// What was read.
        got: Digest,
    },
    /// The statement describes the list wrongly.
    #[error("the list's {member} is `{}`; what was signed says `{}`", printable(.got), printable(.signed))]
    OtherHead {
        /// Which member.
        member: &'static str,
        /// In the statement.
        signed: String,
        /// In the list.
        got: String,
    },
}

/// What a bundle consists of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// The root in force.
    Root,
    /// The list.
    List,
    /// What was signed of the list.
    ListStatement,
    /// The relax set.
    RelaxSet,
    /// The manifest.
    Manifest,
    /// The checkpoint.
    Checkpoint,
}

/// When and why a list has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct End {
    /// When; it has ended at that second.
    pub end: Timestamp,
    /// The list's own end.
    pub expires: Timestamp,
    /// The time by which it was judged: the later of the local clock and the witnesses'.
    pub now: Timestamp,
}

/// How much a refusal weighs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Weight {
    /// The mirror is older, damaged, or cannot show what it must: try the next.
    FailedMirror,
    /// Two things that exclude one another were validly signed: keep the evidence, alert loudly.
    Contradiction,
    /// A clock is wrong, this machine's or the signers': alert; nothing of the candidate is used or kept.
    Clock,
}

impl Refusal {
    /// How much it weighs.
    pub const fn weight(&self) -> Weight {
        match self {
            Self::Chain(ChainError::Equivocation { .. })
            | Self::Equivocation { .. }
            | Self::Consistency(ProofError::Forked { .. }) => Weight::Contradiction,
            Self::FromTheFuture { .. } | Self::ClockBehind { .. } => Weight::Clock,
            _ => Weight::FailedMirror,
        }
    }

    /// Tells whether the mirror is merely behind what is known. When every mirror is, and for longer than lists stay
    /// fresh, somebody may be holding news back.
    pub const fn is_behind(&self) -> bool {
        matches!(
            self,
            Self::RolledBack { .. }
                | Self::OldCosignatures { .. }
                | Self::Chain(ChainError::RolledBack { .. })
                | Self::Consistency(ProofError::Shrunk { .. })
        )
    }
}

impl Weight {
    /// What it means for the source once every mirror was tried, of whose refusals it is the heaviest.
    pub const fn event(self) -> Event {
        match self {
            Self::FailedMirror | Self::Clock => Event::Failed,
            Self::Contradiction => Event::Contradicted,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Root => "root",
            Self::List => "list",
            Self::ListStatement => "list statement",
            Self::RelaxSet => "relax set",
            Self::Manifest => "manifest",
            Self::Checkpoint => "checkpoint",
        })
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { end, expires, now } = self;
        write!(f, "the list ended at {end} and it is {now}: ")?;
        f.write_str(if expires == end {
            "ask its authors for a newer one"
        } else {
            "no newer cosignatures of its witnesses are here; is the mirror frozen?"
        })
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::FailedMirror => "failed mirror",
            Self::Contradiction => "contradiction",
            Self::Clock => "clock",
        })
    }
}
