//! OpenPGP: clearsigned and detached signatures, verified for one pinned certificate at a given time.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (pinned, list, signature) = (Vec::new(), Vec::new(), Vec::new());
//! # let now = starttls_policy::Timestamp::parse("2026-11-22T00:00:00Z")?;
//! let certificate = starttls_openpgp::Certificate::parse(&pinned)?;
//! let verified = certificate.verify_detached(&list, &signature, now)?;
//! println!("signed by {} at {}", verified.key, verified.signed_at);
//! # Ok(()) }
//! ```
//!
//! Armour and the frame of clearsigned messages are read here, by strict rules (`armor`, `clearsigned`); packets, keys and
//! arithmetic are the library's. Every file has a limit in bytes and packets, nothing is decompressed or decrypted, and a
//! panic below is an error here. Verification alone: signing is left to the operator's `gpg`. Where the signed text comes
//! from is `starttls-sources`.
//!
//! Spec: RFC 9580.

mod armor;
mod certificate;
mod clearsigned;
mod content;
mod fence;
mod fingerprint;
mod refusal;
mod signatures;
mod verify;

pub use armor::ArmorError;
pub use certificate::{Certificate, CertificateError, MAX_CERTIFICATE_BYTES};
pub use clearsigned::ClearsignedError;
pub use fingerprint::Fingerprint;
pub use refusal::{Hardness, Reason, VerifyError};
pub use signatures::{MAX_SIGNATURE_BYTES, MAX_SIGNATURES, SignatureFileError};
pub use verify::{MAX_AHEAD, Verified, VerifiedText};
