//! Fresh cosignatures for the checkpoint that is published: no key is needed, and nothing else changes.

use std::path::Path;

use starttls_policy::Timestamp;
use starttls_trust::accept;
use starttls_trust::chain::{self, Anchor};
use starttls_trust::log::Checkpoint;
use starttls_trust::{Bundle, Digest, SignedNote};

use super::directory::Directory;
use super::home::TilesIn;
use super::quorum::{self, Unanswered};
use super::{AskWitness, PublishError};
use crate::build::number;

/// What a refresh came to.
#[derive(Debug)]
pub struct Refreshed {
    /// When enough witnesses vouched for the log.
    pub quorum_time: Timestamp,
    /// Until when clients use the list if nothing newer comes.
    pub effective_end: Timestamp,
    /// Witnesses that did not answer; the others were enough.
    pub unanswered: Vec<Unanswered>,
}

/// Asks the witnesses to cosign the published checkpoint anew. `anchor` is a root that the operator trusts.
///
/// # Errors
/// [`PublishError`], as when too few answer; the cosignatures that are published stay then.
pub fn refresh(
    directory: &Path,
    anchor: &Anchor,
    witnesses: &dyn AskWitness,
    now: Timestamp,
) -> Result<Refreshed, PublishError> {
    let directory = Directory::open(directory)?;
    let bundle = directory.bundle().ok_or(PublishError::NoList)?;
    let root = chain::follow(anchor, None, &bundle.roots)?;
    let checkpoint = SignedNote::parse(bundle.checkpoint.as_bytes())?;
    Checkpoint::verified(&checkpoint, &root.root().log.key)?;
    let cosigned = quorum::ask_all(root.root(), &checkpoint, directory.path(), witnesses)?;
    let Some(quorum_time) = cosigned.quorum_time else {
        return Err(PublishError::BelowQuorum {
            got: cosigned.organisations,
            quorum: root.root().quorum,
            unanswered: cosigned.unanswered,
        });
    };
    let mut new: Bundle = bundle.clone();
    new.checkpoint = cosigned.note.to_string();
    let refused = |source| PublishError::Refused { client: "a new client", source: Box::new(source) };
    let judged = accept::judge(anchor, None, &new, &TilesIn(directory.path()), now).map_err(refused)?;
    let (list, bytes) = directory.list(judged.statement().sha256)?;
    let accepted = judged.with_list(number(bytes.len()), Digest::of(&bytes), &list, now).map_err(refused)?;
    directory.put_proof(&new)?;
    Ok(Refreshed { quorum_time, effective_end: accepted.memory.term.end, unanswered: cosigned.unanswered })
}
