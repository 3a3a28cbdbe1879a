//! Publishing: what was signed is logged, witnessed, judged as clients judge it, and put where mirrors find it.
//!
//! ```text
//! gathered documents ─► leaves appended ─► checkpoint signed ─► witnesses ─► judged as a client ─► directory
//!                         (the log's home: never forks)            (nothing is public before this ─┘)
//! ```
//!
//! The log's home is private and comes first: as soon as a checkpoint is signed there, every later one continues it, whether
//! it became public or not. So a run that died, or found too few witnesses, is simply run again.
//!
//! Spec: docs/list-distribution.md, "What is published".

mod assembled;
mod cosigned;
mod directory;
mod gathered;
mod home;
mod judged;
mod layout;
mod quorum;
mod refresh;
mod relax_set;
mod submitted;

use std::path::Path;

use starttls_policy::{Finding, List, Timestamp};
use starttls_trust::accept::Refusal;
use starttls_trust::chain::{AnchorError, ChainError};
use starttls_trust::document::ListStatement;
use starttls_trust::log::{AppendError, CheckpointError, ProofError, TreeHead};
use starttls_trust::threshold::ThresholdError;
use starttls_trust::{BundleError, Digest, DocumentError, NoteError};

pub use cosigned::Brought;
pub use gathered::{NewList, Submission};
pub use home::LogHome;
pub use quorum::{AskWitness, Unanswered};
pub use refresh::{Refreshed, refresh};
pub use submitted::SubmissionError;

use crate::file::{FileError, shown};
use crate::operator::OperatorError;
use crate::review::Mismatch;
use directory::Directory;
use gathered::Gathered;

/// What was published.
#[derive(Debug)]
pub struct Published {
    /// The list in force.
    pub statement: ListStatement,
    /// Organisations that signed it.
    pub signers: Vec<String>,
    /// The log's tree.
    pub head: TreeHead,
    /// When enough witnesses vouched for it.
    pub quorum_time: Timestamp,
    /// Until when clients use the list if nothing newer comes.
    pub effective_end: Timestamp,
    /// What clients will say of it, as orders to relax that hold.
    pub findings: Vec<Finding>,
    /// Witnesses that did not answer; the others were enough.
    pub unanswered: Vec<Unanswered>,
}

/// Why nothing was published; what stood in the directory still does.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another run is at work there.
    #[error("another run is at work in {}; wait for its end", shown(path))]
    Busy {
        /// Where.
        path: std::path::PathBuf,
    },
    /// There is no root yet.
    #[error("no root was given and none is published; give all of them with `--root`")]
    NoRoot,
    /// Something that was published before is given with another text.
    #[error("root {version} is published already with another text; find out which is the right one")]
    OtherRoot {
        /// Its version.
        version: u64,
    },
    /// The first root is not signed as it demands.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// A root is not signed as the one before and itself demand.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A root is dated ahead.
    #[error("root {version} is of {timestamp}, and it is {now}; publish it then, or check the clock")]
    RootNotYet {
        /// Its version.
        version: u64,
        /// When it was made.
        timestamp: Timestamp,
        /// The clock.
        now: Timestamp,
    },
    /// There is no list yet.
    #[error("no list is published yet; give one with `--list` and `--statement`")]
    NoList,
    /// Too few organisations signed the list.
    #[error("the list is {0}")]
    ListThreshold(#[source] ThresholdError),
    /// The statement is not true of the list.
    #[error("the statement is not true of the list: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Untrue(Vec<Mismatch>),
    /// The list continues another one.
    #[error(
        "the list follows one with the hash {follows}; published is {published}: build it again with `--previous`"
    )]
    NotNext {
        /// What the statement names.
        follows: String,
        /// What is published.
        published: Digest,
    },
    /// The serial was used before.
    #[error(
        "serial {serial} was logged already for other bytes ({logged}); build the list again with a higher serial"
    )]
    SerialReused {
        /// The serial.
        serial: u64,
        /// Hash of the bytes that have it.
        logged: Digest,
    },
    /// A higher serial was logged.
    #[error(
        "serial {logged} was logged already, so {serial} would roll the list back; build it with a higher one"
    )]
    RolledBack {
        /// Of the list to publish.
        serial: u64,
        /// The highest in the log.
        logged: u64,
    },
    /// A relax order or cancellation that would have no effect.
    #[error("{subject} would not hold: {message}")]
    Relax {
        /// Which.
        subject: String,
        /// Why.
        message: String,
    },
    /// A key that is not the log's.
    #[error("the key is not that of the log in root {version}")]
    NotTheLogKey {
        /// The root's version.
        version: u64,
    },
    /// A directory of another log.
    #[error("{} holds the log `{got}`, not `{want}`; publish to another directory", shown(path))]
    OtherLog {
        /// Where.
        path: std::path::PathBuf,
        /// Whose it is.
        got: String,
        /// Whose it should be.
        want: String,
    },
    /// The log's memory is gone, or an old copy of it.
    #[error(
        "{} knows less of the log than what is published; bring back its newest copy, or copy `checkpoint` and `tile` \
         of the published directory there if no later checkpoint was ever signed",
        shown(path)
    )]
    HomeBehind {
        /// The log's home.
        path: std::path::PathBuf,
    },
    /// What is published is no part of this log.
    #[error(
        "what is published is not a part of the log in {}: one of them is a fork; nothing was signed",
        shown(path)
    )]
    Forked {
        /// The log's home.
        path: std::path::PathBuf,
        /// How that shows.
        #[source]
        source: ProofError,
    },
    /// Too few witnesses.
    #[error("{got} of {quorum} organisations' witnesses cosigned; {}", quorum::in_words(unanswered))]
    BelowQuorum {
        /// How many organisations did.
        got: usize,
        /// How many must.
        quorum: u32,
        /// Who did not, and why.
        unanswered: Vec<Unanswered>,
    },
    /// The directory has OpenPGP signatures, which would be of another list.
    #[error(
        "{} carries OpenPGP signatures: say `--openpgp-key` to sign the new list too, or remove `list.json.asc` and \
         `list.clearsigned.asc` first",
        shown(path)
    )]
    NoOpenPgpKey {
        /// The published directory.
        path: std::path::PathBuf,
    },
    /// The operator's `gpg` or `git` did not do it.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// Clients would refuse it.
    #[error("{client} would refuse this publication")]
    Refused {
        /// Which client.
        client: &'static str,
        /// Why.
        #[source]
        source: Box<Refusal>,
    },
    /// The log cannot be continued.
    #[error("the log cannot be continued")]
    Append(#[from] AppendError),
    /// A proof cannot be made.
    #[error("the log's tiles do not prove what they should")]
    Proof(#[from] ProofError),
    /// A checkpoint is none, or not signed by the log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// `proof.json` cannot be read.
    #[error("`proof.json` of the published directory: {0}")]
    Bundle(#[from] BundleError),
    /// A document cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A note cannot be read.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The published list does not read.
    #[error("the published list does not read; restore `list/{sha256}.json` from a mirror")]
    PublishedList {
        /// Hash of its bytes.
        sha256: Digest,
    },
}

impl PublishError {
    /// Tells whether this is a refusal (signatures, expiry, rollback) rather than something that could not be done.
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::OtherRoot { .. }
                | Self::Anchor(_)
                | Self::Chain(_)
                | Self::RootNotYet { .. }
                | Self::ListThreshold(_)
                | Self::Untrue(_)
                | Self::NotNext { .. }
                | Self::SerialReused { .. }
                | Self::RolledBack { .. }
                | Self::Relax { .. }
                | Self::NotTheLogKey { .. }
                | Self::OtherLog { .. }
                | Self::Forked { .. }
                | Self::Refused { .. }
        )
    }
}

/// Publishes what was submitted, on top of what is published in the directory.
///
/// # Errors
/// [`PublishError`]; the directory is as it was then. Run it again with the same input: it completes.
pub fn publish(
    directory: &Path,
    home: &mut LogHome,
    submission: Submission,
    witnesses: &dyn AskWitness,
    now: Timestamp,
) -> Result<Published, PublishError> {
    let directory = Directory::open(directory)?;
    let gathered = Gathered::from(&directory, submission, home, now)?;
    home.belongs_to(gathered.root.root(), &directory)?;
    // Before anything is logged: a person may not know the passphrase.
    let forms = directory.forms(&gathered, now)?;
    let leaves = gathered.leaves();
    let head = home.append(&leaves, &gathered.manifest_text())?;
    let (checkpoint, unanswered) = quorum::gather(gathered.root.root(), home, witnesses)?;
    let bundle = assembled::bundle(&gathered, home, &checkpoint)?;
    let accepted = judged::judge(&gathered, &directory, &bundle, home, now)?;
    directory.put(&gathered, home, &bundle, forms.as_ref())?;
    Ok(Published {
        signers: accepted.memory.signers.into_iter().collect(),
        head,
        quorum_time: accepted.memory.log.quorum_time,
        effective_end: accepted.memory.term.end,
        findings: accepted.findings,
        unanswered,
        statement: gathered.statement,
    })
}

/// The list in the published directory, with the hash of its bytes.
///
/// # Errors
/// [`PublishError::NoList`] when nothing is published there.
pub fn published_list(directory: &Path) -> Result<(List, Digest), PublishError> {
    let directory = Directory::open(directory)?;
    let statement = directory.statement()?.ok_or(PublishError::NoList)?;
    Ok((directory.list(statement.sha256)?.0, statement.sha256))
}

/// The bytes of the list in the published directory.
///
/// # Errors
/// [`PublishError::NoList`] when nothing is published there.
pub fn published_bytes(directory: &Path) -> Result<Vec<u8>, PublishError> {
    let directory = Directory::open(directory)?;
    let statement = directory.statement()?.ok_or(PublishError::NoList)?;
    Ok(directory.list(statement.sha256)?.1)
}

#[cfg(test)]
mod tests;
