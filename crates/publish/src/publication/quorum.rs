//! Cosignatures: every witness of the root is asked, and enough organisations' must answer.

use std::path::Path;

use starttls_policy::Timestamp;
use starttls_trust::SignedNote;
use starttls_trust::bundle::Node;
use starttls_trust::document::{Root, Witness};
use starttls_trust::log::{self, Checkpoint, ProofError, TreeHead};

use super::PublishError;
use super::home::{LogHome, TilesIn};

/// Whoever carries a checkpoint to a witness.
pub trait AskWitness {
    /// Asks one witness to cosign a checkpoint, and returns a copy with its cosignature. `prove` makes the proof that the tree
    /// continues that of a size which the witness knows.
    ///
    /// # Errors
    /// Why there is no cosignature, in words.
    fn ask(
        &self,
        witness: &Witness,
        checkpoint: &SignedNote,
        prove: &dyn Fn(u64) -> Result<Vec<Node>, ProofError>,
    ) -> Result<SignedNote, String>;
}

/// A witness that did not cosign.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unanswered {
    /// Whose witness.
    pub organisation: String,
    /// Why, in words.
    pub cause: String,
}

/// Fresh cosignatures of a checkpoint.
pub(super) struct Cosigned {
    /// The checkpoint with fresh cosignatures, and those it had before of the others.
    pub(super) note: SignedNote,
    /// When enough vouched for it just now; `None` below quorum.
    pub(super) quorum_time: Option<Timestamp>,
    /// Organisations that cosigned just now.
    pub(super) organisations: usize,
    pub(super) unanswered: Vec<Unanswered>,
}

/// `red: refused the connection; green: timed out`.
pub(super) fn in_words(unanswered: &[Unanswered]) -> String {
    let words: Vec<String> =
        unanswered.iter().map(|one| format!("{}: {}", one.organisation, one.cause)).collect();
    if words.is_empty() { "all answered".into() } else { words.join("; ") }
}

/// Asks all witnesses of the root for the home's newest checkpoint, and keeps their cosignatures there.
pub(super) fn gather(
    root: &Root,
    home: &mut LogHome,
    witnesses: &dyn AskWitness,
) -> Result<(SignedNote, Vec<Unanswered>), PublishError> {
    let checkpoint = home.checkpoint().ok_or(PublishError::NoList)?;
    let cosigned = ask_all(root, checkpoint, home.path(), witnesses)?;
    let note = SignedNote::parse(&cosigned.note.to_bytes())?;
    home.keep(cosigned.note)?;
    // Those of a run before count too: the tree is the same.
    if log::quorum_time(root, &note)?.is_none() {
        return Err(PublishError::BelowQuorum {
            got: cosigned.organisations,
            quorum: root.quorum,
            unanswered: cosigned.unanswered,
        });
    }
    Ok((note, cosigned.unanswered))
}

/// Asks all witnesses of the root.
pub(super) fn ask_all(
    root: &Root,
    checkpoint: &SignedNote,
    tiles: &Path,
    witnesses: &dyn AskWitness,
) -> Result<Cosigned, PublishError> {
    let head: TreeHead = Checkpoint::parse(checkpoint.text())?.head();
    let prove = |size| log::prove_consistency(size, head, &TilesIn(tiles));
    let mut note = SignedNote::unsigned(checkpoint.text())?;
    let mut unanswered = Vec::new();
    let mut organisations = std::collections::BTreeSet::new();
    for witness in &root.witnesses {
        let organisation = &witness.organisation;
        match witnesses.ask(witness, checkpoint, &prove).and_then(|answer| only(witness, checkpoint, &answer))
        {
            Ok(cosigned) => {
                note = note.joined_with(&cosigned)?;
                organisations.insert(organisation.as_str());
            }
            Err(cause) => {
                unanswered.push(Unanswered { organisation: organisation.clone(), cause });
            }
        }
    }
    let quorum_time = log::quorum_time(root, &note)?;
    let note = note.joined_with(checkpoint)?;
    Ok(Cosigned { note, quorum_time, organisations: organisations.len(), unanswered })
}

/// The answer, if it is a cosignature of this witness over this very checkpoint.
fn only(witness: &Witness, checkpoint: &SignedNote, answer: &SignedNote) -> Result<SignedNote, String> {
    if answer.text() != checkpoint.text() {
        return Err("it cosigned another checkpoint".into());
    }
    // Others' signatures in the answer are not this witness's word.
    let text = answer.to_string();
    let lines = text.lines().filter(|line| line.starts_with('\u{2014}'));
    let notes = lines
        .filter_map(|line| SignedNote::parse(format!("{}\n{line}\n", checkpoint.text()).as_bytes()).ok());
    let mut own = notes.filter(|note| note.cosigners(&[&witness.key]).is_ok_and(|found| !found.is_empty()));
    own.next().ok_or_else(|| "its answer has no valid cosignature of its key".into())
}
