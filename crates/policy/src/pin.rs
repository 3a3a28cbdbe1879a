//! Pinsets: keys that a domain's certificates, or the authorities above them, are bound to.
//!
//! A `trust-anchor` pin carries the public key itself, since a mail server cannot make an anchor from a hash;
//! a `leaf` pin may be a SHA-256 hash.
//!
//! Spec: RFC 5280 §4.1.2.7 (SubjectPublicKeyInfo); the text forms are those of the 2014 lists and of Chrome's pin list.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};
use smol_str::SmolStr;
use spki::SubjectPublicKeyInfoRef;

use crate::name::printable;

/// Longest public key that is read, in bytes of DER; RSA of 16,384 bits needs 2,100.
pub const MAX_SPKI_BYTES: usize = 4096;

/// The name of a pinset or of a shared policy in a list: up to 64 of `A-Z a-z 0-9 . _ -`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Label(SmolStr);

/// A named set of pins, one of which the presented certificates must meet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pinset {
    /// Its name in the list.
    pub name: Label,
    /// What the pins are pins of.
    pub kind: PinKind,
    /// Keys one of which must be there; sorted.
    pub pins: Box<[Pin]>,
    /// Keys that must not be there (Chrome's `bad_static_spki_hashes`); sorted.
    pub bad: Box<[Pin]>,
}

/// What the pins of a pinset are pins of.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PinKind {
    /// Authorities that must stand above the certificate.
    TrustAnchor,
    /// The mail host's own certificate.
    Leaf,
}

/// One pin.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Pin {
    /// The key itself.
    Key(Spki),
    /// SHA-256 over the SubjectPublicKeyInfo.
    Sha256([u8; 32]),
    /// A form that nothing can be made of today, as `sha1/…`; kept as read.
    Unusable(SmolStr),
}

/// A public key: the DER of a SubjectPublicKeyInfo.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Spki(Box<[u8]>);

/// Why a text is no pin or no label.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// Not base64 with padding.
    #[error("the value is not base64")]
    NotBase64,
    /// The bytes are no SubjectPublicKeyInfo.
    #[error("the bytes are no public key (DER SubjectPublicKeyInfo)")]
    NotAKey,
    /// More than [`MAX_SPKI_BYTES`].
    #[error("the key is longer than {MAX_SPKI_BYTES} bytes")]
    KeyTooLong,
    /// A hash of some other length than its name demands.
    #[error("a SHA-256 hash has 32 bytes, this value has {bytes}")]
    HashLength {
        /// Bytes found.
        bytes: usize,
    },
    /// No `sha256/…` and no `sha1/…`.
    #[error("want `sha256/` and the base64 of a SHA-256 hash")]
    UnknownHash,
    /// Not up to 64 of `A-Z a-z 0-9 . _ -`.
    #[error("a name here is 1 to 64 characters of `A-Z a-z 0-9 . _ -`")]
    Label,
}

impl Label {
    /// Reads a name.
    ///
    /// # Errors
    /// [`PinError::Label`].
    pub fn parse(text: &str) -> Result<Self, PinError> {
        let good = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if good { Ok(Self(SmolStr::new(text))) } else { Err(PinError::Label) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Pinset {
    /// A pinset; pins are a set, so they are sorted, and equal sets are equal however they were written.
    pub fn new(name: Label, kind: PinKind, mut pins: Vec<Pin>, mut bad: Vec<Pin>) -> Self {
        pins.sort_unstable();
        bad.sort_unstable();
        Self { name, kind, pins: pins.into(), bad: bad.into() }
    }

    /// The keys that can become trust anchors; empty unless the kind is [`PinKind::TrustAnchor`].
    pub fn trust_anchors(&self) -> impl Iterator<Item = &Spki> {
        let wanted = self.kind == PinKind::TrustAnchor;
        self.pins.iter().filter(move |_| wanted).filter_map(|pin| match pin {
            Pin::Key(key) => Some(key),
            Pin::Sha256(_) | Pin::Unusable(_) => None,
        })
    }

    /// The hashes that a leaf can be compared with; empty unless the kind is [`PinKind::Leaf`].
    pub fn leaf_hashes(&self) -> impl Iterator<Item = [u8; 32]> {
        let wanted = self.kind == PinKind::Leaf;
        self.pins.iter().filter(move |_| wanted).filter_map(Pin::sha256)
    }
}

impl PinKind {
    /// Reads `trust-anchor` or `leaf`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::TrustAnchor, Self::Leaf].into_iter().find(|kind| kind.name() == name)
    }

    /// The word used in lists and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TrustAnchor => "trust-anchor",
            Self::Leaf => "leaf",
        }
    }
}

impl Pin {
    /// Reads the text form `sha256/BASE64`; `sha1/BASE64` loads as unusable.
    ///
    /// # Errors
    /// [`PinError`] when it is neither.
    pub fn parse_hash(text: &str) -> Result<Self, PinError> {
        if let Some(base64) = text.strip_prefix("sha256/") {
            let bytes = Base64::decode_vec(base64).map_err(|_| PinError::NotBase64)?;
            return <[u8; 32]>::try_from(bytes.as_slice())
                .map(Self::Sha256)
                .map_err(|_| PinError::HashLength { bytes: bytes.len() });
        }
        match text.strip_prefix("sha1/") {
            Some(base64) if Base64::decode_vec(base64).is_ok_and(|bytes| bytes.len() == 20) => {
                Ok(Self::Unusable(SmolStr::new(text)))
            }
            _ => Err(PinError::UnknownHash),
        }
    }

    /// Tells whether both are pins of one key, as a key and its hash are.
    pub fn is_same_key(&self, other: &Self) -> bool {
        self == other || self.sha256().is_some_and(|hash| other.sha256() == Some(hash))
    }

    /// The SHA-256 of the key, if it can be told.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        match self {
            Self::Key(key) => Some(key.sha256()),
            Self::Sha256(hash) => Some(*hash),
            Self::Unusable(_) => None,
        }
    }
}

impl Spki {
    /// Reads the base64 of a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`PinError`] when it is no base64, too long or no key.
    pub fn parse(base64: &str) -> Result<Self, PinError> {
        if base64.len() > MAX_SPKI_BYTES * 4 / 3 + 4 {
            return Err(PinError::KeyTooLong);
        }
        Self::from_der(Base64::decode_vec(base64).map_err(|_| PinError::NotBase64)?)
    }

    /// From DER bytes.
    ///
    /// # Errors
    /// [`PinError`] when they are no key.
    pub fn from_der(der: Vec<u8>) -> Result<Self, PinError> {
        if der.len() > MAX_SPKI_BYTES {
            return Err(PinError::KeyTooLong);
        }
        match SubjectPublicKeyInfoRef::try_from(der.as_slice()) {
            Ok(_) => Ok(Self(der.into_boxed_slice())),
            Err(_) => Err(PinError::NotAKey),
        }
    }

    /// The DER bytes.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// SHA-256 over the DER bytes.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// Base64 of the DER bytes.
    pub fn to_base64(&self) -> String {
        Base64::encode_string(&self.0)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for PinKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text form of lists: a hash with its algorithm, or the base64 of the key.
impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(&key.to_base64()),
            Self::Sha256(hash) => write!(f, "sha256/{}", Base64::encode_string(hash)),
            Self::Unusable(text) => f.write_str(&printable(text)),
        }
    }
}

#[cfg(test)]
mod pins {
    use super::*;
    use alloc::string::ToString;

    /// An Ed25519 key (RFC 8410 §10.1).
    const ED25519: &str = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";

    #[test]
    fn carry_whole_keys_or_sha256_hashes() {
        let key = Pin::Key(Spki::parse(ED25519).unwrap());
        assert_eq!(key.to_string(), ED25519);
        let hash = Pin::Sha256(key.sha256().unwrap());
        assert_eq!(Pin::parse_hash(&hash.to_string()), Ok(hash));
    }

    #[test]
    fn by_sha1_load_and_are_unusable() {
        let pin = Pin::parse_hash("sha1/5R0zeLx7EWRxqw6HRlgCRxNLHDo=").unwrap();
        assert!(matches!(pin, Pin::Unusable(_)));
        assert_eq!(pin.sha256(), None);
    }

    #[test]
    fn that_are_no_keys_are_refused() {
        let long = "A".repeat(10_000);
        for (text, want) in [
            ("", PinError::NotAKey),
            ("AAAA", PinError::NotAKey),
            ("not base64", PinError::NotBase64),
            (&ED25519[..59], PinError::NotBase64),
            (long.as_str(), PinError::KeyTooLong),
        ] {
            assert_eq!(Spki::parse(text), Err(want), "{text}");
        }
        assert_eq!(Pin::parse_hash("sha256/AAAA"), Err(PinError::HashLength { bytes: 3 }));
        assert_eq!(Pin::parse_hash("md5/AAAA"), Err(PinError::UnknownHash));
        assert_eq!(Pin::parse_hash("sha1/AAAA"), Err(PinError::UnknownHash));
    }
}
