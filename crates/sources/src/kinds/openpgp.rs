//! Lists that one OpenPGP certificate signs, clearsigned or with a signature beside them.
//!
//! Only the text that the signature covers is read and kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use starttls_openpgp::{Certificate, MAX_CERTIFICATE_BYTES, MAX_SIGNATURE_BYTES, VerifyError};

use super::plain::{self, Bound, Plain};
use super::search::{Attempt, Offer, Rejection, Search};
use crate::fetch::{Answer, FetchError, Version};
use crate::settings::{Copies, HttpsUrl, OpenPgp, SignedCopy};
use crate::state::{MAX_PROOF_BYTES, StateError};
use starttls_policy::with_causes;

/// A signed list is verified and read in memory; this is some ten million domains.
const MAX_SIGNED_LIST_BYTES: u64 = 1 << 30;

pub(super) fn search(attempt: &Attempt<'_>, openpgp: &OpenPgp) -> Result<Search, StateError> {
    let certificate = match read_certificate(&openpgp.certificate) {
        Ok(certificate) => certificate,
        Err(words) => return Ok(Search::impossible(words)),
    };
    let fetched =
        |url: &HttpsUrl, seen: &Version, max_bytes: u64| attempt.outside.fetch.get(url, seen, max_bytes);
    let read = |path: &std::path::PathBuf, _: &Version, max_bytes: u64| {
        let bytes = starttls_host::read(path, max_bytes)
            .map_err(|error| FetchError::Failed { reason: with_causes(&error) })?;
        Ok(Answer::Body { bytes, version: Version::default() })
    };
    match &openpgp.copies {
        Copies::Urls(copies) => attempt.visit(copies.len(), |at| match copies.get(at) {
            Some(copy) => Ok(visit(attempt, &certificate, copy, ToString::to_string, fetched)),
            None => Ok(Err(Rejection::unusable("there is no such mirror".into()))),
        }),
        Copies::File(copy) => attempt
            .visit(1, |_| Ok(visit(attempt, &certificate, copy, |path| path.display().to_string(), read))),
    }
}

/// Reads the certificate that the operator pinned.
pub(super) fn read_certificate(path: &Path) -> Result<Certificate, String> {
    let max_bytes = u64::try_from(MAX_CERTIFICATE_BYTES).unwrap_or(u64::MAX);
    let bytes = starttls_host::read(path, max_bytes)
        .map_err(|error| format!("the pinned certificate: {}", with_causes(&error)))?;
    Certificate::parse(&bytes).map_err(|error| format!("`{}`: {error}", path.display()))
}

fn visit<T>(
    attempt: &Attempt<'_>,
    certificate: &Certificate,
    copy: &SignedCopy<T>,
    name: impl Fn(&T) -> String,
    get: impl Fn(&T, &Version, u64) -> Result<Answer, FetchError>,
) -> Result<Offer, Rejection> {
    let (SignedCopy::Clearsigned(list) | SignedCopy::Detached { list, .. }) = copy;
    let place = name(list);
    let anchor = certificate.fingerprint().to_string();
    // With another certificate, even a body that did not change is to be looked at.
    let is_same_anchor = attempt.record.anchor.as_ref() == Some(&anchor);
    let seen = attempt.record.seen.get(&place).filter(|_| is_same_anchor).cloned().unwrap_or_default();
    let (bytes, version) = match get(list, &seen, MAX_SIGNED_LIST_BYTES) {
        Ok(Answer::Unchanged) => return Ok(Offer::Unchanged),
        Ok(Answer::Body { bytes, version }) => (bytes, version),
        Err(error) => return Err(Rejection::unusable(error.to_string())),
    };
    let (verified, bytes, proof) = match copy {
        SignedCopy::Clearsigned(_) => match certificate.verify_clearsigned(&bytes, attempt.now) {
            Ok(text) => (text.verified, text.text, (bytes.len() as u64 <= MAX_PROOF_BYTES).then_some(bytes)),
            Err(error) => return Err(unverified(&place, &error, bytes, None)),
        },
        SignedCopy::Detached { signature, .. } => {
            let max_bytes = u64::try_from(MAX_SIGNATURE_BYTES).unwrap_or(u64::MAX);
            let signature = match get(signature, &Version::default(), max_bytes) {
                Ok(Answer::Body { bytes, .. }) => bytes,
                Ok(Answer::Unchanged) => Vec::new(),
                Err(error) => return Err(Rejection::unusable(error.to_string())),
            };
            match certificate.verify_detached(&bytes, &signature, attempt.now) {
                Ok(verified) => (verified, bytes, Some(signature)),
                Err(error) => return Err(unverified(&place, &error, bytes, Some(signature))),
            }
        }
    };
    let seen = BTreeMap::from([(place.clone(), version)]);
    let (signers, anchor) = (vec![verified.key.to_string()], Some(anchor));
    plain::judge(attempt, Plain { place, bytes, proof, anchor, signers, seen, bound: Bound::ByMemory })
}

fn unverified(place: &str, error: &VerifyError, bytes: Vec<u8>, signature: Option<Vec<u8>>) -> Rejection {
    let mut words = format!("{place}: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let _ = write!(words, ": {error}");
        cause = error.source();
    }
    let signature = signature.map(|bytes| ("offered-signature".to_owned(), bytes));
    Rejection::forged(words, signature.into_iter().chain([("offered-list".to_owned(), bytes)]).collect())
}
