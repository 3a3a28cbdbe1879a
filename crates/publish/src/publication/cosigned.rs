//! Cosignatures that somebody brought: for a publisher whose machine reaches no witness.

use std::path::PathBuf;

use starttls_trust::SignedNote;
use starttls_trust::bundle::Node;
use starttls_trust::document::Witness;
use starttls_trust::log::ProofError;
use starttls_trust::note::MAX_NOTE_BYTES;

use super::{AskWitness, PublishError};
use crate::file;

/// Copies of a checkpoint that witnesses cosigned.
#[derive(Debug)]
pub struct Brought(Vec<SignedNote>);

impl Brought {
    /// Reads the copies.
    ///
    /// # Errors
    /// [`PublishError`] when one of them is no note.
    pub fn read(paths: &[PathBuf]) -> Result<Self, PublishError> {
        let max_bytes = u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX);
        let notes = paths.iter().map(|path| Ok(SignedNote::parse(&file::read(path, max_bytes)?)?));
        Ok(Self(notes.collect::<Result<_, PublishError>>()?))
    }
}

impl AskWitness for Brought {
    fn ask(
        &self,
        witness: &Witness,
        checkpoint: &SignedNote,
        _prove: &dyn Fn(u64) -> Result<Vec<Node>, ProofError>,
    ) -> Result<SignedNote, String> {
        let mut copies = self.0.iter().filter(|copy| copy.text() == checkpoint.text());
        let found =
            copies.find(|copy| copy.cosigners(&[&witness.key]).is_ok_and(|cosigners| !cosigners.is_empty()));
        let found = found.ok_or("no cosigned copy of this checkpoint was given")?;
        SignedNote::parse(&found.to_bytes()).map_err(|error| error.to_string())
    }
}
