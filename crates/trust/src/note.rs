//! Signed notes: a text and the signatures below it.
//!
//! Reading and writing is left to the library; whose signatures count is decided here, against keys that the caller
//! names.
//!
//! Spec: C2SP signed-note.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use signed_note::{Note, Signature, VerificationError, Verifier, Verifiers};

use starttls_policy::Timestamp;

use crate::key::{Algorithm, SigningKey, VerifierKey};

/// A text with signatures, of whose validity nothing is known yet.
#[derive(Debug, PartialEq)]
pub struct SignedNote(Note);

/// Why a note is none, or cannot be trusted.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Not of a note's form, or larger than [`MAX_NOTE_BYTES`].
    #[error("it is no signed note: text, an empty line, signature lines that begin with `— `")]
    Malformed,
    /// The text cannot be a note's.
    #[error("the text cannot be signed as a note: control characters, or longer than {MAX_NOTE_BYTES} bytes")]
    BadText,
    /// A key that is known signed something else: a forgery, or a note changed after signing.
    #[error(
        "the signature of {name} is wrong: the text was changed after signing, or the signature was forged"
    )]
    BadSignature {
        /// The key's name.
        name: String,
    },
}

/// Largest note: as large as the library reads.
pub const MAX_NOTE_BYTES: usize = 1_000_000;

impl SignedNote {
    /// Reads a note with its signatures.
    ///
    /// # Errors
    /// [`NoteError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        Note::from_bytes(bytes).map(Self).map_err(|_| NoteError::Malformed)
    }

    /// A text that nobody has signed yet.
    ///
    /// # Errors
    /// [`NoteError::BadText`] when it does not end with a line end, has control characters or is too long.
    pub fn unsigned(text: &str) -> Result<Self, NoteError> {
        Note::new(text.as_bytes(), &[]).map(Self).map_err(|_| NoteError::BadText)
    }

    /// The text that is signed, with its last line end.
    pub fn text(&self) -> &str {
        core::str::from_utf8(self.0.text()).unwrap_or_default()
    }

    /// The note with all signatures.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// Name and key id of each signature, valid or not.
    pub fn signed_as(&self) -> impl Iterator<Item = (String, u32)> + use<> {
        signature_lines(&self.0)
            .filter_map(|line| Signature::from_bytes(line.as_bytes()).ok())
            .map(|signature| (signature.name().into(), signature.id()))
    }

    /// Of `keys`, those with a valid signature here, each once.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] when one of them has a signature here that is wrong; the others' count for nothing
    /// then, since somebody tampered (C2SP signed-note, "Signatures").
    pub fn signers<'a>(&self, keys: &[&'a VerifierKey]) -> Result<Vec<&'a VerifierKey>, NoteError> {
        let valid = self.valid(keys)?;
        Ok(keys.iter().copied().filter(|key| valid.iter().any(|signature| is_of(signature, key))).collect())
    }

    /// Of the witnesses' `keys`, those with a valid cosignature here, and its time.
    ///
    /// # Errors
    /// As [`SignedNote::signers`].
    pub fn cosigners<'a>(
        &self,
        keys: &[&'a VerifierKey],
    ) -> Result<Vec<(&'a VerifierKey, Timestamp)>, NoteError> {
        let valid = self.valid(keys)?;
        let time = |key: &VerifierKey| {
            let signature = valid.iter().find(|signature| is_of(signature, key))?;
            key.cosigned_at(self.0.text(), signature.signature())
        };
        Ok(keys.iter().filter_map(|key| Some((*key, time(key)?))).collect())
    }

    fn valid(&self, keys: &[&VerifierKey]) -> Result<Vec<Signature>, NoteError> {
        match self.0.verify(&Known::new(keys)) {
            Ok((valid, _)) => Ok(valid),
            Err(signed_note::NoteError::InvalidSignature { name, .. }) => {
                Err(NoteError::BadSignature { name })
            }
            // Nobody that is known signed.
            Err(_) => Ok(Vec::new()),
        }
    }

    /// Adds a signature; one by the same key is replaced.
    #[must_use]
    pub fn signed_by(self, key: &SigningKey) -> Self {
        let signature = key.sign(self.0.text());
        self.with(key.public(), signature)
    }

    /// Adds a witness's word that this checkpoint was the largest consistent one at `time`.
    #[must_use]
    pub fn cosigned_by(self, key: &SigningKey, time: Timestamp) -> Self {
        let signature = key.cosign(self.0.text(), time);
        self.with(key.public(), signature)
    }

    fn with(mut self, key: &VerifierKey, signature: Vec<u8>) -> Self {
        let made = Made { key, signature };
        // Fails for names alone that no key can have.
        let _ = self.0.add_sigs(&[&made]);
        self
    }

    /// The same text with the signatures of one key alone, whether they are valid or not.
    ///
    /// # Errors
    /// [`NoteError::BadText`]; never for a note that was read.
    pub fn by_one(&self, key: &VerifierKey) -> Result<Self, NoteError> {
        let lines = signature_lines(&self.0).filter_map(|line| Signature::from_bytes(line.as_bytes()).ok());
        let own: Vec<Signature> = lines.filter(|signature| is_of(signature, key)).collect();
        Note::new(self.0.text(), &own).map(Self).map_err(|_| NoteError::BadText)
    }

    /// Adds the signatures of another copy of the same text; those of keys that signed here already are left.
    ///
    /// # Errors
    /// [`NoteError::BadText`] when the texts differ.
    pub fn joined_with(self, other: &Self) -> Result<Self, NoteError> {
        if self.0.text() != other.0.text() {
            return Err(NoteError::BadText);
        }
        let mut joined = self;
        for line in signature_lines(&other.0) {
            let Ok(signature) = Signature::from_bytes(line.as_bytes()) else { continue };
            let is_new = !signature_lines(&joined.0)
                .filter_map(|line| Signature::from_bytes(line.as_bytes()).ok())
                .any(|have| (have.name(), have.id()) == (signature.name(), signature.id()));
            if is_new {
                let made = Carried(&signature);
                let _ = joined.0.add_sigs(&[&made]);
            }
        }
        Ok(joined)
    }
}

fn signature_lines(note: &Note) -> impl Iterator<Item = String> + use<> {
    let bytes = note.to_bytes();
    let lines = bytes.get(note.text().len() + 1..).unwrap_or_default();
    let lines: Vec<String> =
        core::str::from_utf8(lines).unwrap_or_default().lines().map(Into::into).collect();
    lines.into_iter()
}

fn is_of(signature: &Signature, key: &VerifierKey) -> bool {
    signature.name() == key.name() && signature.id() == key.id()
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(&self.to_bytes()).unwrap_or_default())
    }
}

/// The keys that count, as the library asks for them.
struct Known<'a>(Vec<Ours<'a>>);

struct Ours<'a>(&'a VerifierKey);

impl<'a> Known<'a> {
    fn new(keys: &[&'a VerifierKey]) -> Self {
        let known = keys.iter().filter(|key| !matches!(key.algorithm(), Algorithm::Unknown(_)));
        Self(known.map(|key| Ours(key)).collect())
    }
}

impl Verifiers for Known<'_> {
    fn verifier(&self, name: &str, id: u32) -> Result<&dyn Verifier, VerificationError> {
        match self.0.iter().find(|key| key.0.name() == name && key.0.id() == id) {
            Some(key) => Ok(key),
            None => Err(VerificationError::UnknownKey { name: name.into(), id }),
        }
    }
}

impl Verifier for Ours<'_> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn key_id(&self) -> u32 {
        self.0.id()
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        self.0.verifies(text, signature)
    }
}

/// A signature made before, for the library that wants to make it itself.
struct Made<'a> {
    key: &'a VerifierKey,
    signature: Vec<u8>,
}

impl signed_note::Signer for Made<'_> {
    fn name(&self) -> &str {
        self.key.name()
    }

    fn key_id(&self) -> u32 {
        self.key.id()
    }

    fn sign(&self, _text: &[u8]) -> Result<Vec<u8>, ed25519_dalek::SignatureError> {
        Ok(self.signature.clone())
    }
}

/// A signature from another copy of the note.
struct Carried<'a>(&'a Signature);

impl signed_note::Signer for Carried<'_> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn key_id(&self) -> u32 {
        self.0.id()
    }

    fn sign(&self, _text: &[u8]) -> Result<Vec<u8>, ed25519_dalek::SignatureError> {
        Ok(self.0.signature().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, seed: u8) -> SigningKey {
        SigningKey::from_seed(name, Algorithm::Ed25519, &[seed; 32]).unwrap()
    }

    #[test]
    fn example_of_the_specification_verifies() {
        let public =
            VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
                .unwrap();
        let note = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
        let note = SignedNote::parse(note.as_bytes()).unwrap();
        assert_eq!(note.signers(&[&public]).unwrap(), [&public]);
        assert_eq!(note.text(), "This is an example message.\n");
    }

    #[test]
    fn signature_counts_once_however_often_it_stands_there() {
        let (a, b) = (key("a.example", 1), key("b.example", 2));
        let note = SignedNote::unsigned("text\n").unwrap().signed_by(&a).signed_by(&b).signed_by(&a);
        let mut twice = note.to_bytes();
        let lines = twice.split_off("text\n\n".len());
        twice.extend(&lines);
        twice.extend(&lines);
        let twice = SignedNote::parse(&twice).unwrap();
        assert_eq!(twice.signers(&[a.public(), b.public()]).unwrap().len(), 2);
        assert_eq!(twice.signers(&[a.public()]).unwrap(), [a.public()]);
    }

    #[test]
    fn wrong_signature_of_a_known_key_spoils_the_note() {
        let (a, b) = (key("a.example", 1), key("b.example", 2));
        let note = SignedNote::unsigned("text\n").unwrap().signed_by(&a).signed_by(&b);
        let changed = SignedNote::parse(&note.to_string().replace("text", "test").into_bytes()).unwrap();
        let error = changed.signers(&[b.public()]).unwrap_err();
        assert_eq!(error, NoteError::BadSignature { name: "b.example".into() });
        assert_eq!(changed.signers(&[key("c.example", 3).public()]).unwrap(), [] as [&VerifierKey; 0]);
    }

    #[test]
    fn copies_signed_apart_are_joined() {
        let (a, b) = (key("a.example", 1), key("b.example", 2));
        let of = |key| SignedNote::unsigned("text\n").unwrap().signed_by(key);
        let joined = of(&a).joined_with(&of(&b)).unwrap().joined_with(&of(&b)).unwrap();
        assert_eq!(joined, of(&a).signed_by(&b));
        let other = SignedNote::unsigned("test\n").unwrap().signed_by(&b);
        assert_eq!(of(&a).joined_with(&other).unwrap_err(), NoteError::BadText);
    }

    #[test]
    fn what_is_no_note_is_refused() {
        let text = "text\n\n— a.example AAAAAAA=\n";
        assert!(SignedNote::parse(text.as_bytes()).is_ok());
        let huge = [&"x".repeat(MAX_NOTE_BYTES), text].concat();
        for bad in
            ["", "text\n", "text\n\n", "text\n\nsigned\n", "te\u{1}xt\n\n— a.example AAAAAAA=\n", &huge]
        {
            assert_eq!(SignedNote::parse(bad.as_bytes()).unwrap_err(), NoteError::Malformed);
        }
    }
}
