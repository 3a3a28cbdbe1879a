//! Keys: who signs, with which algorithm.
//!
//! Verifier keys are texts (`name+id+key`) whose first key byte tells the algorithm, so that a second, post-quantum
//! signature can join: keys of unknown algorithms are kept, and their signatures count for nothing here.
//!
//! Spec: C2SP signed-note, "Verifier keys" and "Signature types"; C2SP tlog-cosignature, "Format".

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use base64ct::{Base64, Encoding};
use ed25519_dalek::Signer as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use starttls_policy::Timestamp;

/// How signatures of a key are made; the byte before the key tells.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Algorithm {
    /// 0x01: Ed25519 over the text of a note.
    Ed25519,
    /// 0x04: Ed25519 over a checkpoint and a time; what witnesses use.
    Cosignature,
    /// Known to others, perhaps; its signatures are not counted.
    Unknown(u8),
}

/// A public key with its owner's name.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct VerifierKey {
    name: String,
    id: u32,
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

/// A secret key with its owner's name. Never printed; [`SigningKey::to_secret_text`] is the one way out.
#[derive(Clone)]
pub struct SigningKey {
    public: VerifierKey,
    secret: ed25519_dalek::SigningKey,
}

/// Why a text is no key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not three parts with `+` between them, or no base64.
    #[error("want a key of the form `name+id+base64`")]
    Form,
    /// Not the three parts of a secret key.
    #[error("want a secret key of the form `PRIVATE+KEY+name+id+base64`")]
    SecretForm,
    /// The name is empty, too long, or has white space, `+` or control characters.
    #[error("a key's name is 1 to {MAX_KEY_NAME_BYTES} characters without space or `+`")]
    Name,
    /// The number in the middle does not belong to name and key.
    #[error("the key's id is not that of its name and key: was it copied whole?")]
    Id,
    /// The bytes are no public key of that algorithm.
    #[error("the key's bytes are no public key of its algorithm")]
    Bytes,
    /// A secret key of an algorithm that this version cannot sign with.
    #[error("this version signs with Ed25519 alone")]
    CannotSign,
}

/// Longest name of a key.
pub const MAX_KEY_NAME_BYTES: usize = 255;

/// Longest key in a text: a post-quantum key has 1,312 bytes.
const MAX_KEY_BYTES: usize = 8 * 1024;

const SECRET_PREFIX: &str = "PRIVATE+KEY+";

impl Algorithm {
    /// The byte before the key.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
            Self::Unknown(byte) => byte,
        }
    }

    const fn from_byte(byte: u8) -> Self {
        match byte {
            0x01 => Self::Ed25519,
            0x04 => Self::Cosignature,
            other => Self::Unknown(other),
        }
    }
}

impl VerifierKey {
    /// Reads `name+id+base64(algorithm and key)`.
    ///
    /// # Errors
    /// [`KeyError`] tells which part is wrong.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, rest) = text.split_once('+').ok_or(KeyError::Form)?;
        let (id, key) = rest.split_once('+').ok_or(KeyError::Form)?;
        if id.len() != 8 || key.len() > 2 * MAX_KEY_BYTES {
            return Err(KeyError::Form);
        }
        let id = u32::from_str_radix(id, 16).map_err(|_| KeyError::Form)?;
        let key = Base64::decode_vec(key).map_err(|_| KeyError::Form)?;
        let (algorithm, bytes) = key.split_first().ok_or(KeyError::Form)?;
        let parsed = Self::new(name, Algorithm::from_byte(*algorithm), bytes.to_vec())?;
        if parsed.id == id { Ok(parsed) } else { Err(KeyError::Id) }
    }

    fn new(name: &str, algorithm: Algorithm, bytes: Vec<u8>) -> Result<Self, KeyError> {
        let is_printable = !name.chars().any(char::is_control);
        if !signed_note::is_key_name_valid(name) || name.len() > MAX_KEY_NAME_BYTES || !is_printable {
            return Err(KeyError::Name);
        }
        let mut tagged = Vec::with_capacity(bytes.len() + 1);
        tagged.push(algorithm.byte());
        tagged.extend(&bytes);
        let key = Self { name: name.into(), id: signed_note::key_id(name, &tagged), algorithm, bytes };
        if algorithm.is_known() && key.ed25519().is_none() {
            return Err(KeyError::Bytes);
        }
        Ok(key)
    }

    /// The owner's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number that tells keys of one name apart; no strong hash.
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// How its signatures are made.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bare public key; the same under another name is the same key.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Tells whether this is a signature of the key over the text of a note.
    pub fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        match self.algorithm {
            Algorithm::Ed25519 => self.verifies_ed25519(text, signature),
            Algorithm::Cosignature => self.cosigned_at(text, signature).is_some(),
            Algorithm::Unknown(_) => false,
        }
    }

    /// The time of a valid cosignature over a checkpoint's text.
    ///
    /// Spec: C2SP tlog-cosignature, "Ed25519 signed message".
    pub fn cosigned_at(&self, text: &[u8], signature: &[u8]) -> Option<Timestamp> {
        let (time, signature) = signature.split_first_chunk::<8>()?;
        let time = Timestamp::from_seconds(u64::from_be_bytes(*time)).ok()?;
        let is_valid = self.algorithm == Algorithm::Cosignature
            && self.verifies_ed25519(&cosigned_message(text, time), signature);
        is_valid.then_some(time)
    }

    fn verifies_ed25519(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else { return false };
        // Strict: no key of small order, so that no signature holds for two messages.
        self.ed25519().is_some_and(|key| key.verify_strict(message, &signature).is_ok())
    }

    fn ed25519(&self) -> Option<ed25519_dalek::VerifyingKey> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(self.bytes.as_slice().try_into().ok()?).ok()?;
        (!key.is_weak()).then_some(key)
    }
}

impl Algorithm {
    const fn is_known(self) -> bool {
        !matches!(self, Self::Unknown(_))
    }
}

fn cosigned_message(text: &[u8], time: Timestamp) -> Vec<u8> {
    let mut message = format!("cosignature/v1\ntime {}\n", time.seconds()).into_bytes();
    message.extend(text);
    message
}

impl SigningKey {
    /// A key from 32 random bytes.
    ///
    /// # Errors
    /// [`KeyError`] when the name cannot be a key's, or the algorithm cannot sign here.
    pub fn from_seed(name: &str, algorithm: Algorithm, seed: &[u8; 32]) -> Result<Self, KeyError> {
        if !algorithm.is_known() {
            return Err(KeyError::CannotSign);
        }
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = VerifierKey::new(name, algorithm, secret.verifying_key().to_bytes().to_vec())?;
        Ok(Self { public, secret })
    }

    /// Reads `PRIVATE+KEY+name+id+base64(algorithm and seed)`.
    ///
    /// # Errors
    /// [`KeyError`]; never with a part of the key in it.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let rest = text.strip_prefix(SECRET_PREFIX).ok_or(KeyError::SecretForm)?;
        let (name, rest) = rest.split_once('+').ok_or(KeyError::SecretForm)?;
        let (id, key) = rest.split_once('+').ok_or(KeyError::SecretForm)?;
        let key = Base64::decode_vec(key).map_err(|_| KeyError::SecretForm)?;
        let (algorithm, seed) = key.split_first().ok_or(KeyError::SecretForm)?;
        let seed = seed.try_into().map_err(|_| KeyError::SecretForm)?;
        let parsed = Self::from_seed(name, Algorithm::from_byte(*algorithm), seed)?;
        let is_whole = u32::from_str_radix(id, 16).is_ok_and(|id| id == parsed.public.id);
        if is_whole { Ok(parsed) } else { Err(KeyError::Id) }
    }

    /// The public half.
    pub const fn public(&self) -> &VerifierKey {
        &self.public
    }

    /// The whole key as text, to be kept in a file that its owner alone can read.
    pub fn to_secret_text(&self) -> String {
        let mut tagged = Vec::with_capacity(33);
        tagged.push(self.public.algorithm.byte());
        tagged.extend(self.secret.to_bytes());
        let (name, id) = (&self.public.name, self.public.id);
        format!("{SECRET_PREFIX}{name}+{id:08x}+{}", Base64::encode_string(&tagged))
    }

    /// Signs the text of a note.
    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.secret.sign(text).to_bytes().to_vec()
    }

    /// Says of a checkpoint's text that it was the largest consistent one seen at `time`.
    pub(crate) fn cosign(&self, text: &[u8], time: Timestamp) -> Vec<u8> {
        let mut signature = time.seconds().to_be_bytes().to_vec();
        signature.extend(self.secret.sign(&cosigned_message(text, time)).to_bytes());
        signature
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tagged = Vec::with_capacity(self.bytes.len() + 1);
        tagged.push(self.algorithm.byte());
        tagged.extend(&self.bytes);
        write!(f, "{}+{:08x}+{}", self.name, self.id, Base64::encode_string(&tagged))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}+{:08x})", self.public.name, self.public.id)
    }
}

impl Serialize for VerifierKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for VerifierKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| serde::de::Error::custom(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of C2SP signed-note.
    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn public_key_reads_as_it_writes() {
        let key = VerifierKey::parse(KEY).unwrap();
        assert_eq!(
            (key.name(), key.id(), key.algorithm()),
            ("example.com/foo", 0x530d_903a, Algorithm::Ed25519)
        );
        assert_eq!(key.to_string(), KEY);
    }

    #[test]
    fn public_key_that_was_not_copied_whole_is_refused() {
        let renamed = KEY.replace("foo", "bar");
        let cases = [
            ("", KeyError::Form),
            ("example.com/foo", KeyError::Form),
            ("example.com/foo+530d903a", KeyError::Form),
            ("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2", KeyError::Form),
            (&renamed, KeyError::Id),
            ("example.com/foo+530d903a+Ae==", KeyError::Form),
            ("a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", KeyError::Name),
        ];
        for (text, error) in cases {
            assert_eq!(VerifierKey::parse(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn key_of_an_unknown_algorithm_is_kept_and_verifies_nothing() {
        let key = VerifierKey::new("pq.example", Algorithm::Unknown(6), alloc::vec![7; 1312]).unwrap();
        assert_eq!(VerifierKey::parse(&key.to_string()).unwrap(), key);
        assert!(!key.verifies(b"text", &[0; 64]));
    }

    #[test]
    fn key_of_small_order_is_refused() {
        let mut identity = alloc::vec![0; 32];
        identity[0] = 1;
        assert_eq!(VerifierKey::new("weak.example", Algorithm::Ed25519, identity), Err(KeyError::Bytes));
    }

    #[test]
    fn secret_key_signs_what_its_public_half_verifies_and_shows_itself_nowhere() {
        let key = SigningKey::from_seed("a.example", Algorithm::Ed25519, &[7; 32]).unwrap();
        let again = SigningKey::parse(&key.to_secret_text()).unwrap();
        assert_eq!(again.public(), key.public());
        assert!(key.public().verifies(b"text\n", &again.sign(b"text\n")));
        assert!(!key.public().verifies(b"test\n", &again.sign(b"text\n")));
        let secret = Base64::encode_string(&[7; 32]);
        assert!(!format!("{key:?}").contains(&secret[..8]));
        let damaged = key.to_secret_text().replace("a.example", "b.example");
        assert_eq!(SigningKey::parse(&damaged).unwrap_err(), KeyError::Id);
    }

    #[test]
    fn cosignature_carries_its_time() {
        let key = SigningKey::from_seed("w.example", Algorithm::Cosignature, &[8; 32]).unwrap();
        let time = Timestamp::from_seconds(1_700_000_000).unwrap();
        let signature = key.cosign(b"log.example\n0\nhash\n", time);
        assert_eq!(key.public().cosigned_at(b"log.example\n0\nhash\n", &signature), Some(time));
        assert_eq!(key.public().cosigned_at(b"log.example\n1\nhash\n", &signature), None);
        let mut later = signature;
        later[7] += 1;
        assert_eq!(key.public().cosigned_at(b"log.example\n0\nhash\n", &later), None);
    }
}
