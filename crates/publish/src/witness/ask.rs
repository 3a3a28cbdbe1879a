//! Asking a witness: the log's side.
//!
//! A witness that saw another size last says so, and is asked again with a proof from there. Nothing of its answer is used
//! but a cosignature that its key in the root verifies.
//!
//! Spec: C2SP tlog-witness, "add-checkpoint".

use starttls_policy::Timestamp;
use starttls_trust::bundle::Node;
use starttls_trust::document::Witness;
use starttls_trust::log::witness::{Outcome, Reply, ReplyError, Request, read_reply};
use starttls_trust::log::{Checkpoint, CheckpointError, ProofError};
use starttls_trust::{Algorithm, SignedNote};

/// Whatever carries requests.
pub trait Post {
    /// Posts a body and returns the answer, of whatever status, with at most
    /// [`MAX_REPLY_BYTES`](starttls_trust::log::witness::MAX_REPLY_BYTES); with a deadline.
    ///
    /// # Errors
    /// Why there is no answer, in words.
    fn post(&self, url: &str, body: Vec<u8>) -> Result<Reply, String>;
}

/// Why a witness did not cosign.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Its key is of a kind that came later than this version.
    #[error("its key is of a type that this version does not know")]
    UnknownKey,
    /// What it should cosign is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// No answer.
    #[error("no answer: {words}")]
    NoAnswer {
        /// In the words of whoever carried the request.
        words: String,
    },
    /// An answer of no use.
    #[error(transparent)]
    Reply(#[from] ReplyError),
    /// It saw more of this log than there is: the log was put back to an older copy, or two logs have its key.
    #[error(
        "it has seen {seen} leaves of this log, and the log has {size}: was an old copy of the log put back?"
    )]
    Ahead {
        /// What the witness saw.
        seen: u64,
        /// What the log has.
        size: u64,
    },
    /// No proof from the size that it names.
    #[error("no proof from the {seen} leaves that it has seen")]
    Proof {
        /// What the witness saw.
        seen: u64,
        /// Why.
        #[source]
        source: ProofError,
    },
    /// Others ask it at the same time, again and again.
    #[error("it names another size each time: does something else publish this log too?")]
    Restless,
}

/// How often a witness is asked: with no knowledge of it, with the size that it names, and once more if another request came
/// between.
const MAX_ATTEMPTS: usize = 3;

/// Asks one witness to cosign a checkpoint; returns the note with its cosignature alone. `known_size` is what it may have
/// cosigned last, 0 if that is unknown, and `prove` proves that the tree continues that of a size.
///
/// # Errors
/// [`AskError`].
pub fn ask(
    post: &dyn Post,
    witness: &Witness,
    checkpoint: &SignedNote,
    known_size: u64,
    prove: &dyn Fn(u64) -> Result<Vec<Node>, ProofError>,
    now: Timestamp,
) -> Result<SignedNote, AskError> {
    if witness.key.algorithm() != Algorithm::Cosignature {
        return Err(AskError::UnknownKey);
    }
    let size = Checkpoint::parse(checkpoint.text())?.size;
    let url = format!("{}/add-checkpoint", witness.url.trim_end_matches('/'));
    let mut old_size = known_size.min(size);
    for _ in 0..MAX_ATTEMPTS {
        let proof = prove_from(old_size, size, prove)?;
        let body = Request::body(old_size, &proof, checkpoint);
        let reply = post.post(&url, body).map_err(|words| AskError::NoAnswer { words })?;
        match read_reply(&reply, checkpoint, &witness.key, now)? {
            Outcome::Cosigned(note, _) => return Ok(note),
            Outcome::OtherSize(seen) if seen > size => return Err(AskError::Ahead { seen, size }),
            Outcome::OtherSize(seen) => old_size = seen,
        }
    }
    Err(AskError::Restless)
}

fn prove_from(
    old_size: u64,
    size: u64,
    prove: &dyn Fn(u64) -> Result<Vec<Node>, ProofError>,
) -> Result<Vec<Node>, AskError> {
    if old_size == 0 || old_size == size {
        return Ok(Vec::new());
    }
    prove(old_size).map_err(|source| AskError::Proof { seen: old_size, source })
}

#[cfg(test)]
mod tests;
