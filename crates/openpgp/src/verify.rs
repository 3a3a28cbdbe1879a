//! The judgement: is there one good signature by the pinned certificate?
//!
//! Each signature is asked in this order, and the first "no" is its refusal: is its key in the pinned certificate, its kind
//! the right one, its hash sound, its time not ahead of ours; was the key bound to the certificate, neither expired nor
//! revoked, and allowed to sign, all of it at the signature's own time; is the signature itself not over by now; does it fit
//! the data; does the library's policy allow all of it. That a key expired *after* it signed does not undo the signature, nor
//! does a soft revocation (superseded, retired) dated later; a hard one (compromised, or no reason given) undoes them all.
//!
//! Spec: RFC 9580 §5.2, §5.2.3.31 (reasons for revocation), §14 (algorithms).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sequoia_openpgp::cert::amalgamation::key::{ErasedKeyAmalgamation, ValidErasedKeyAmalgamation};
use sequoia_openpgp::cert::amalgamation::{ValidAmalgamation as _, ValidateAmalgamation as _};
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::policy::{HashAlgoSecurity, Policy as _, StandardPolicy};
use sequoia_openpgp::types::{HashAlgorithm, RevocationStatus, SignatureType};
use starttls_policy::{Timestamp, printable};

use crate::certificate::Certificate;
use crate::clearsigned;
use crate::content::Content;
use crate::fence::fenced;
use crate::fingerprint::Fingerprint;
use crate::refusal::{Reason, VerifyError};
use crate::signatures;

/// How far a signature's time may lie ahead of ours: clocks that are wrong by a time zone still pass.
pub const MAX_AHEAD: Duration = Duration::from_hours(24);

/// A good signature: made only by the code that verified it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Verified {
    /// The pinned certificate: its primary key.
    pub certificate: Fingerprint,
    /// The key that signed: the primary key or a subkey.
    pub key: Fingerprint,
    /// When, as the signer says.
    pub signed_at: Timestamp,
}

/// A good signature and the text that it covers. Whoever acts on the message acts on this text, never on the file it came in.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct VerifiedText {
    /// Who signed, and when.
    pub verified: Verified,
    /// What was signed: lines that each end with LF, the last one too; blanks at line ends are gone, dash escapes undone.
    pub text: Vec<u8>,
}

/// Keys of unknown signers that an error names.
const SHOWN_SIGNERS: usize = 4;

impl Certificate {
    /// Verifies a detached signature, armoured or binary, over `data` just as they are; they are not copied.
    ///
    /// With several signatures one good one is enough; signatures of unknown keys are not looked at.
    ///
    /// # Errors
    /// [`VerifyError`]: the first signature's refusal that is by this certificate, else that none is.
    pub fn verify_detached(
        &self,
        data: &[u8],
        signature: &[u8],
        now: Timestamp,
    ) -> Result<Verified, VerifyError> {
        let signatures = signatures::read(signature)?;
        fenced(|| self.judge(&signatures, Content::Bytes(data), now)).unwrap_or(Err(VerifyError::Stumbled))
    }

    /// Verifies a clearsigned message, and gives the text that was signed.
    ///
    /// # Errors
    /// [`VerifyError`] as above, and if there is anything but white space around the message.
    pub fn verify_clearsigned(&self, message: &[u8], now: Timestamp) -> Result<VerifiedText, VerifyError> {
        let message = clearsigned::read(message)?;
        let signatures = signatures::read(message.signature)?;
        let verified = fenced(|| self.judge(&signatures, Content::Lines(&message.text), now))
            .unwrap_or(Err(VerifyError::Stumbled))?;
        Ok(VerifiedText { verified, text: message.text })
    }

    fn judge(
        &self,
        signatures: &[Signature],
        content: Content<'_>,
        now: Timestamp,
    ) -> Result<Verified, VerifyError> {
        let policy = StandardPolicy::at(system_time(now));
        let mut refusal = None;
        for signature in signatures {
            let issuers = signature.get_issuers();
            // RFC 9580 §5.2.3.12: a signature that names nobody could only be tried with every key, and is not.
            if issuers.is_empty() {
                continue;
            }
            for key in self.cert.keys().key_handles(issuers) {
                match self.judge_one(signature, &key, content, now, &policy) {
                    Ok(verified) => return Ok(verified),
                    Err(error) => refusal = refusal.or(Some(error)),
                }
            }
        }
        Err(refusal.unwrap_or_else(|| self.unknown_signer(signatures)))
    }

    fn judge_one(
        &self,
        signature: &Signature,
        key: &ErasedKeyAmalgamation<'_, PublicParts>,
        content: Content<'_>,
        now: Timestamp,
        policy: &StandardPolicy<'_>,
    ) -> Result<Verified, VerifyError> {
        let name = Fingerprint::from(key.key().fingerprint());
        check_form(signature, content, &name)?;
        let made = signature.signature_creation_time();
        let (made, signed_at) = made
            .and_then(|made| Some((made, timestamp(made)?)))
            .ok_or_else(|| VerifyError::NoTime { key: name.clone() })?;
        if now.until(signed_at) > MAX_AHEAD {
            return Err(VerifyError::FromTheFuture { key: name, signed_at, now });
        }
        let key = key.with_policy(policy, made).map_err(|error| VerifyError::NotBound {
            key: name.clone(),
            signed_at,
            reason: printable(&error.root_cause().to_string()),
        })?;
        self.check_key(&key, &name, signed_at)?;
        let alive = signature.signature_alive(system_time(now), MAX_AHEAD);
        alive.map_err(|_| VerifyError::SignatureExpired { key: name.clone(), signed_at })?;
        let hash = content.hash(signature).map_err(|error| unacceptable(&name, &error))?;
        signature.verify_hash(key.key(), hash).map_err(|_| VerifyError::Tampered { key: name.clone() })?;
        policy
            .signature(signature, HashAlgoSecurity::CollisionResistance)
            .map_err(|error| unacceptable(&name, &error))?;
        Ok(Verified { certificate: self.fingerprint(), key: name, signed_at })
    }

    /// The certificate and the key as they were when the signature was made.
    fn check_key(
        &self,
        key: &ValidErasedKeyAmalgamation<'_, PublicParts>,
        name: &Fingerprint,
        signed_at: Timestamp,
    ) -> Result<(), VerifyError> {
        let certificate = self.fingerprint();
        // What is revoked is said first: that it has expired as well matters less.
        if let RevocationStatus::Revoked(by) = key.valid_cert().revocation_status() {
            return Err(VerifyError::CertificateRevoked { certificate, reason: Reason::of(&by) });
        }
        if let RevocationStatus::Revoked(by) = key.revocation_status() {
            return Err(VerifyError::KeyRevoked { key: name.clone(), reason: Reason::of(&by) });
        }
        if key.valid_cert().alive().is_err() {
            return Err(VerifyError::CertificateExpired { certificate, signed_at });
        }
        if key.alive().is_err() {
            return Err(VerifyError::KeyExpired { key: name.clone(), signed_at });
        }
        if !key.for_signing() {
            return Err(VerifyError::NotForSigning { key: name.clone() });
        }
        Ok(())
    }

    fn unknown_signer(&self, signatures: &[Signature]) -> VerifyError {
        let mut signers: Vec<String> = signatures
            .iter()
            .filter_map(|signature| signature.get_issuers().first().map(|issuer| format!("{issuer:X}")))
            .collect();
        signers.dedup();
        signers.truncate(SHOWN_SIGNERS);
        VerifyError::UnknownSigner { certificate: self.fingerprint(), signers }
    }
}

/// What can be said of a signature alone.
fn check_form(signature: &Signature, content: Content<'_>, name: &Fingerprint) -> Result<(), VerifyError> {
    let (kind, want) = match content {
        Content::Bytes(_) => (SignatureType::Binary, "binary document, as `gpg --detach-sign` makes it"),
        Content::Lines(_) => (SignatureType::Text, "text document, as `gpg --clearsign` makes it"),
    };
    if signature.typ() != kind {
        let found = signature.typ().to_string();
        return Err(VerifyError::WrongKind { key: name.clone(), found, want });
    }
    match signature.hash_algo() {
        // The library would let them pass at times of judgement when they were still trusted.
        hash @ (HashAlgorithm::MD5 | HashAlgorithm::SHA1 | HashAlgorithm::RipeMD) => {
            Err(VerifyError::WeakHash { key: name.clone(), hash: hash.to_string() })
        }
        _ => Ok(()),
    }
}

fn unacceptable(key: &Fingerprint, error: &sequoia_openpgp::anyhow::Error) -> VerifyError {
    VerifyError::Unacceptable { key: key.clone(), reason: printable(&format!("{error:#}")) }
}

fn system_time(time: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(time.seconds())
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Timestamp::from_seconds(since.as_secs()).ok()
}
