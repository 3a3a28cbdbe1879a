//! Refusals: every reason for which a signature does not count, in words for an operator.
//!
//! Spec: RFC 9580 §5.2.3.31 (reasons for revocation).

use std::fmt;

use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::types::RevocationType;
use starttls_policy::{Timestamp, printable};

use crate::clearsigned::ClearsignedError;
use crate::fingerprint::Fingerprint;
use crate::signatures::SignatureFileError;

/// Why a signature was refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The message is not framed as one.
    #[error("not a clearsigned message")]
    Clearsigned(#[from] ClearsignedError),
    /// The signature cannot be read.
    #[error("cannot read the signature")]
    SignatureFile(#[from] SignatureFileError),
    /// Nobody whom we know signed.
    #[error("not signed by the pinned certificate {certificate}, but by {}", list(signers))]
    UnknownSigner {
        /// The pinned certificate.
        certificate: Fingerprint,
        /// The keys that the signatures name, a few of them.
        signers: Vec<String>,
    },
    /// Signed as something else.
    #[error("the signature by {key} is of the kind `{found}`; want `{want}`")]
    WrongKind {
        /// The key that it names.
        key: Fingerprint,
        /// Its kind.
        found: String,
        /// What it must be here.
        want: &'static str,
    },
    /// A hash that can be forged.
    #[error("the signature by {key} uses {hash}, which can be forged; the signer must use SHA-256 or better")]
    WeakHash {
        /// The key that it names.
        key: Fingerprint,
        /// The hash.
        hash: String,
    },
    /// It does not say when it was made.
    #[error("the signature by {key} does not say when it was made")]
    NoTime {
        /// The key that it names.
        key: Fingerprint,
    },
    /// Dated ahead of our clock.
    #[error(
        "the signature by {key} is dated {signed_at}, more than a day ahead of {now}; look at the clocks on both sides"
    )]
    FromTheFuture {
        /// The key that it names.
        key: Fingerprint,
        /// What it says.
        signed_at: Timestamp,
        /// The time of judgement.
        now: Timestamp,
    },
    /// The certificate says nothing valid about the key at that time.
    #[error(
        "the pinned certificate does not vouch for the key {key} at {signed_at} ({reason}); if it was renewed since, ask for a new signature"
    )]
    NotBound {
        /// The key.
        key: Fingerprint,
        /// When it signed.
        signed_at: Timestamp,
        /// What the library says.
        reason: String,
    },
    /// The certificate was over.
    #[error(
        "the certificate {certificate} had expired when it signed at {signed_at}; get the renewed certificate from its owner"
    )]
    CertificateExpired {
        /// The pinned certificate.
        certificate: Fingerprint,
        /// When it signed.
        signed_at: Timestamp,
    },
    /// The key was over.
    #[error(
        "the key {key} had expired when it signed at {signed_at}; get the renewed certificate from its owner"
    )]
    KeyExpired {
        /// The key.
        key: Fingerprint,
        /// When it signed.
        signed_at: Timestamp,
    },
    /// The certificate was withdrawn.
    #[error("the certificate {certificate} is revoked: {reason}")]
    CertificateRevoked {
        /// The pinned certificate.
        certificate: Fingerprint,
        /// As its owner says.
        reason: Reason,
    },
    /// The key was withdrawn.
    #[error("the key {key} is revoked: {reason}")]
    KeyRevoked {
        /// The key.
        key: Fingerprint,
        /// As its owner says.
        reason: Reason,
    },
    /// The key is for something else.
    #[error("the key {key} is not for signing")]
    NotForSigning {
        /// The key.
        key: Fingerprint,
    },
    /// The signature was made for a time that is over.
    #[error("the signature by {key} of {signed_at} has expired")]
    SignatureExpired {
        /// The key.
        key: Fingerprint,
        /// When it was made.
        signed_at: Timestamp,
    },
    /// It is over other data.
    #[error(
        "the signature by {key} does not fit the data: one of them was changed, or they do not belong together"
    )]
    Tampered {
        /// The key.
        key: Fingerprint,
    },
    /// Something else that the library does not trust.
    #[error("the signature by {key} is not acceptable: {reason}")]
    Unacceptable {
        /// The key.
        key: Fingerprint,
        /// What the library says.
        reason: String,
    },
    /// The library stumbled.
    #[error("the signature makes the OpenPGP library stumble; it is refused")]
    Stumbled,
}

/// Why a key was revoked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reason {
    /// Whether what it signed earlier is undone as well.
    pub hardness: Hardness,
    /// In words, as the standard has them, then as the owner wrote them.
    pub words: String,
}

/// How far back a revocation reaches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hardness {
    /// From its date on.
    Soft,
    /// To all that the key ever signed.
    Hard,
}

impl Reason {
    /// From the revocations, the hardest of them.
    pub(crate) fn of(by: &[&Signature]) -> Self {
        let given = by.iter().map(|signature| {
            let Some((code, note)) = signature.reason_for_revocation() else {
                return Self { hardness: Hardness::Hard, words: "no reason given".into() };
            };
            let hardness = match code.revocation_type() {
                RevocationType::Soft => Hardness::Soft,
                RevocationType::Hard => Hardness::Hard,
            };
            let note = printable(&String::from_utf8_lossy(note));
            let words = if note.is_empty() { code.to_string() } else { format!("{code} ({note})") };
            Self { hardness, words }
        });
        given
            .max_by_key(|reason| reason.hardness == Hardness::Hard)
            .unwrap_or(Self { hardness: Hardness::Hard, words: "no reason given".into() })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)?;
        match self.hardness {
            Hardness::Hard => f.write_str("; nothing it ever signed counts"),
            Hardness::Soft => f.write_str("; what it signed before counts still"),
        }
    }
}

fn list(signers: &[String]) -> String {
    if signers.is_empty() { "a key that it does not name".into() } else { signers.join(", ") }
}
