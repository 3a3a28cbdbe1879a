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
        // A copy may hold older words of other witnesses, and of this one.
        let time = |copy: &&SignedNote| copy.cosigners(&[&witness.key]).ok()?.first().map(|(_, time)| *time);
        let copies = self.0.iter().filter(|copy| copy.text() == checkpoint.text());
        let newest = copies.filter(|copy| time(copy).is_some()).max_by_key(time);
        let newest = newest.ok_or("no cosigned copy of this checkpoint was given")?;
        newest.by_one(&witness.key).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod brought_copies {
    use starttls_policy::Timestamp;
    use starttls_trust::{Algorithm, SigningKey};

    use super::*;

    #[test]
    fn give_each_witness_its_newest_word_and_none_of_the_others() {
        let key =
            |name: &str, seed| SigningKey::from_seed(name, Algorithm::Cosignature, &[seed; 32]).unwrap();
        let (red, green) = (key("red.example", 1), key("green.example", 2));
        let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
        let text = "log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
        let old =
            SignedNote::unsigned(text).unwrap().cosigned_by(&red, at(1_000)).cosigned_by(&green, at(1_000));
        let copy = |key, seconds| SignedNote::parse(&old.to_bytes()).unwrap().cosigned_by(key, at(seconds));
        let brought = Brought(vec![copy(&red, 2_000), copy(&green, 3_000)]);
        for (key, seconds) in [(&red, 2_000), (&green, 3_000)] {
            let witness = Witness {
                organisation: "one".into(),
                key: key.public().clone(),
                url: "https://one.example/".into(),
            };
            let answer = brought.ask(&witness, &old, &|_| Ok(Vec::new())).unwrap();
            let keys = [red.public(), green.public()];
            assert_eq!(answer.cosigners(&keys).unwrap(), [(key.public(), at(seconds))]);
        }
    }
}
