//! The witness's side: what is cosigned, and why anything else is not.
//!
//! Spec: C2SP tlog-witness, "add-checkpoint".

use alloc::string::String;
use alloc::vec::Vec;

use starttls_policy::Timestamp;

use crate::digest::Digest;
use crate::key::{Algorithm, SigningKey, VerifierKey};
use crate::log::{Checkpoint, TreeHead, verify_consistency};
use crate::note::SignedNote;

use super::reply::signature_lines;
use super::{KnownLogs, Reply, Request, RequestError};

/// A witness: its key, and the logs it watches. What it saw of each log is handed in.
#[derive(Debug)]
pub struct Witness {
    key: SigningKey,
    logs: KnownLogs,
}

/// A checkpoint that a known log has signed; the state of that log decides what happens.
#[derive(Debug)]
pub struct Admitted<'a> {
    witness: &'a Witness,
    checkpoint: Checkpoint,
    request: Request,
    /// Keys of the log that signed it.
    signers: Vec<&'a VerifierKey>,
}

/// A checkpoint with the witness's word.
#[derive(Debug, PartialEq)]
pub struct Cosigned {
    /// The checkpoint with the log's signatures and the cosignature: what the witness must keep before it replies.
    pub note: SignedNote,
    /// What the log gets.
    pub reply: Reply,
}

/// Why a witness cosigns nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No request.
    #[error(transparent)]
    Malformed(#[from] RequestError),
    /// The note is no checkpoint.
    #[error("the note is no checkpoint")]
    NoCheckpoint,
    /// Nobody told the witness to watch it.
    #[error("this log is not watched here")]
    UnknownLog,
    /// Its key did not sign, or the signature is wrong.
    #[error("the checkpoint is not signed by a key of its log")]
    BadSignature,
    /// It begins beyond its own end.
    #[error("the old size is larger than the checkpoint's")]
    OldSizeAbove,
    /// The witness saw another size last.
    #[error("the checkpoint seen last has {size} leaves")]
    OtherSize {
        /// What it saw.
        size: u64,
    },
    /// It does not continue what the witness saw.
    #[error("the checkpoint is not proven to continue the one seen last")]
    Inconsistent,
}

/// Why a key is none of a witness.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the key is of type 01; a witness wants one of type 04, made for witnesses")]
pub struct WitnessError;

impl Witness {
    /// A witness that watches these logs.
    ///
    /// # Errors
    /// [`WitnessError`] when the key is of the kind that signs plain notes.
    pub fn new(key: SigningKey, logs: KnownLogs) -> Result<Self, WitnessError> {
        let is_fit = key.public().algorithm() == Algorithm::Cosignature;
        if is_fit { Ok(Self { key, logs }) } else { Err(WitnessError) }
    }

    /// Its public key, for the roots that name it.
    pub const fn key(&self) -> &VerifierKey {
        self.key.public()
    }

    /// The logs it watches.
    pub const fn logs(&self) -> &KnownLogs {
        &self.logs
    }

    /// Reads a request, and sees whether its log is known and has signed it.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn admit(&self, body: &[u8]) -> Result<Admitted<'_>, Refusal> {
        let request = Request::parse(body)?;
        let (checkpoint, _) =
            Checkpoint::parse_extended(request.checkpoint.text()).map_err(|_| Refusal::NoCheckpoint)?;
        let keys = self.logs.keys(&checkpoint.origin);
        if keys.is_empty() {
            return Err(Refusal::UnknownLog);
        }
        let signers = request.checkpoint.signers(&keys).map_err(|_| Refusal::BadSignature)?;
        if signers.is_empty() {
            return Err(Refusal::BadSignature);
        }
        if request.old_size > checkpoint.size {
            return Err(Refusal::OldSizeAbove);
        }
        Ok(Admitted { witness: self, checkpoint, request, signers })
    }

    /// The tree in a note that this witness has cosigned before: what it kept, read again.
    pub fn recall(&self, note: &SignedNote) -> Option<(String, TreeHead)> {
        let (checkpoint, _) = Checkpoint::parse_extended(note.text()).ok()?;
        let is_mine = note.signers(&[self.key()]).is_ok_and(|signers| !signers.is_empty());
        is_mine.then(|| (checkpoint.origin.clone(), checkpoint.head()))
    }
}

impl Admitted<'_> {
    /// Whose checkpoint it is: by this the witness finds what it saw last.
    pub fn origin(&self) -> &str {
        &self.checkpoint.origin
    }

    /// Cosigns the checkpoint if it continues `seen`, the tree cosigned last; [`TreeHead::EMPTY`] if there is none.
    /// Between reading `seen` and keeping the result nobody else may do so.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn cosign(self, seen: TreeHead, now: Timestamp) -> Result<Cosigned, Refusal> {
        if self.request.old_size != seen.size {
            return Err(Refusal::OtherSize { size: seen.size });
        }
        let head = self.checkpoint.head();
        if head.size == 0 && head != TreeHead::EMPTY {
            return Err(Refusal::Inconsistent);
        }
        verify_consistency(seen, head, &self.request.proof).map_err(|_| Refusal::Inconsistent)?;
        let unsigned = SignedNote::unsigned(self.request.checkpoint.text());
        let mine = unsigned.map_err(|_| Refusal::NoCheckpoint)?.cosigned_by(&self.witness.key, now);
        let cosignature = signature_lines(&mine, &[self.witness.key()]);
        let text = self.request.checkpoint.text();
        let logs = signature_lines(&self.request.checkpoint, &self.signers);
        let note = SignedNote::parse(alloc::format!("{text}\n{logs}{cosignature}").as_bytes());
        Ok(Cosigned { note: note.map_err(|_| Refusal::NoCheckpoint)?, reply: Reply::text(200, cosignature) })
    }
}

impl Refusal {
    /// What the log gets.
    pub fn reply(&self) -> Reply {
        let status = match self {
            Self::Malformed(_) | Self::NoCheckpoint | Self::OldSizeAbove => 400,
            Self::BadSignature => 403,
            Self::UnknownLog => 404,
            Self::OtherSize { size } => return Reply::of_size(*size),
            Self::Inconsistent => 422,
        };
        Reply::text(status, alloc::format!("{self}\n"))
    }
}

/// Under what the witness shows the checkpoint of a log to monitors (C2SP tlog-witness, "Monitor Retrieval Mechanism").
pub fn origin_hash(origin: &str) -> Digest {
    Digest::of(origin.as_bytes())
}
