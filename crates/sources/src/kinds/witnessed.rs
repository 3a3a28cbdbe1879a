//! Lists that several organisations sign, with proofs from a witnessed log.
//!
//! The bundle is judged before the list is fetched, and the list is fetched under the name that its hash gives it. Only if
//! the log has grown are tiles asked for.
//!
//! Spec: docs/list-distribution.md, "Acceptance".

use std::collections::BTreeMap;

use starttls_policy::with_causes;
use starttls_policy::{List, read};
use starttls_trust::accept::{self, Judged, Refusal};
use starttls_trust::bundle::MAX_BUNDLE_BYTES;
use starttls_trust::note::MAX_NOTE_BYTES;
use starttls_trust::relax::RelaxOrders as Choice;
use starttls_trust::{Anchor, Bundle, Digest, chain};

use super::mirror::Mirror;
use super::search::{Attempt, Offer, Rejection, Search};
use super::{Bytes, Candidate};
use crate::fetch::{Answer, FetchError};
use crate::settings::{RelaxOrders, Witnessed};
use crate::state::{Memory, StateError};

/// The file that changes.
const PROOF: &str = "proof.json";

pub(super) fn search(attempt: &Attempt<'_>, witnessed: &Witnessed) -> Result<Search, StateError> {
    let anchor = match read_anchor(witnessed) {
        Ok(anchor) => anchor,
        Err(words) => return Ok(Search::impossible(words)),
    };
    let mirrors = Mirror::all(&witnessed.place, attempt.outside.fetch);
    attempt.visit(mirrors.len(), |at| match mirrors.get(at) {
        Some(mirror) => visit(attempt, witnessed, &anchor, mirror),
        None => Ok(Err(Rejection::unusable("there is no such mirror".into()))),
    })
}

/// Reads the root that the operator pinned.
pub(crate) fn read_anchor(witnessed: &Witnessed) -> Result<Anchor, String> {
    let max_bytes = u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX);
    let bytes = starttls_host::read(&witnessed.root, max_bytes)
        .map_err(|error| format!("the pinned root: {}", with_causes(&error)))?;
    Anchor::parse(&bytes).map_err(|error| format!("`{}`: {error}", witnessed.root.display()))
}

/// Tells whether the pinned root leads to what was accepted, as the bundle that was kept with it shows.
pub(crate) fn leads_to(anchor: &Anchor, memory: &accept::Memory, proof: &[u8]) -> bool {
    Bundle::parse(proof).is_ok_and(|bundle| chain::follow(anchor, Some(memory.root), &bundle.roots).is_ok())
}

fn visit(
    attempt: &Attempt<'_>,
    witnessed: &Witnessed,
    anchor: &Anchor,
    mirror: &Mirror<'_>,
) -> Result<Result<Offer, Rejection>, StateError> {
    let name = mirror.name();
    let pinned = anchor.reference().sha256.to_string();
    let is_same_anchor = attempt.record.anchor.as_ref() == Some(&pinned);
    let seen = attempt.record.seen.get(&name).filter(|_| is_same_anchor).cloned().unwrap_or_default();
    let (bytes, version) = match mirror.get(PROOF, &seen, MAX_BUNDLE_BYTES) {
        Ok(Answer::Unchanged) => return Ok(Ok(Offer::Unchanged)),
        Ok(Answer::Body { bytes, version }) => (bytes, version),
        Err(error) => return fetch_failed(attempt, error),
    };
    let held = attempt.record.list.as_ref().and_then(|list| list.proof);
    if is_same_anchor && held == Some(Digest::of(&bytes)) {
        return Ok(Ok(Offer::Unchanged));
    }
    let bundle = match Bundle::parse(&bytes) {
        Ok(bundle) => bundle,
        Err(error) => return Ok(Err(Rejection::unusable(format!("{name}: {error}")))),
    };
    let memory = match &attempt.record.memory {
        Some(Memory::Witnessed(memory)) => Some(&**memory),
        _ => None,
    };
    let choice = match witnessed.relax_orders {
        RelaxOrders::Accept => Choice::Honoured,
        RelaxOrders::Refuse => Choice::Refused,
    };
    let refused =
        |refusal: &Refusal| Ok(Err(Rejection::refused(&name, refusal, files(attempt, bytes.clone()))));
    let judged = match accept::judge(anchor, memory, &bundle, mirror, attempt.now) {
        Ok(judged) => judged.with_relax_orders(choice),
        Err(refusal) => return refused(&refusal),
    };
    let (size, sha256) = (judged.statement().size, judged.statement().sha256);
    let (kept, list) = match obtain(attempt, mirror, &judged)? {
        Ok(obtained) => obtained,
        Err(rejection) => return Ok(Err(rejection)),
    };
    let signers = judged.signers().iter().cloned().collect();
    let accepted = match judged.with_list(size, sha256, &list, attempt.now) {
        Ok(accepted) => accepted,
        Err(refusal) => return refused(&refusal),
    };
    Ok(Ok(Offer::Candidate(Box::new(Candidate {
        list,
        bytes: kept,
        size,
        sha256,
        proof: Some(bytes),
        anchor: Some(pinned),
        memory: Memory::Witnessed(Box::new(accepted.memory)),
        signers,
        relaxations: accepted.relaxations,
        relaxed_until: accepted.relaxed_until,
        findings: accepted.findings,
        // Of the others nothing is known about this version; what they still have is to be looked at.
        seen: BTreeMap::from([(name, version)]),
    }))))
}

/// The list that was judged: the one that is held, one that came in an earlier run, or the mirror's.
fn obtain(
    attempt: &Attempt<'_>,
    mirror: &Mirror<'_>,
    judged: &Judged,
) -> Result<Result<(Bytes, List), Rejection>, StateError> {
    let (size, sha256) = (judged.statement().size, judged.statement().sha256);
    let held = attempt.record.list.as_ref().filter(|list| list.sha256 == sha256);
    // What is damaged on our disk is fetched anew.
    if let Some(bytes) = held.and_then(|held| attempt.source.list(held).ok()) {
        return Ok(read_list(&mirror.name(), &bytes).map(|list| (Bytes::Held, list)));
    }
    let incoming = attempt.source.incoming(&sha256)?;
    let bytes = match incoming.finished(size, &sha256)? {
        Some(bytes) => bytes,
        None => {
            if let Err(error) = mirror.download(&judged.path(), &incoming, size, &sha256)? {
                return fetch_failed(attempt, error);
            }
            match incoming.finished(size, &sha256)? {
                Some(bytes) => bytes,
                None => {
                    incoming.discard()?;
                    let words = format!("{}: the list is not the one that was signed", mirror.name());
                    return Ok(Err(Rejection::unusable(words)));
                }
            }
        }
    };
    Ok(read_list(&mirror.name(), &bytes).map(|list| (Bytes::Incoming(incoming), list)))
}

fn read_list(place: &str, bytes: &[u8]) -> Result<List, Rejection> {
    read::list(bytes).map_err(|error| Rejection::forged(format!("{place}: the list: {error}"), Vec::new()))
}

/// Our own disk is no fault of the mirror's.
fn fetch_failed<T>(attempt: &Attempt<'_>, error: FetchError) -> Result<Result<T, Rejection>, StateError> {
    match error {
        FetchError::Disk { reason, kind } => Err(attempt.source.disk_failed(reason, kind)),
        other => Ok(Err(Rejection::unusable(other.to_string()))),
    }
}

/// What shows a contradiction: what was offered, and what is held.
fn files(attempt: &Attempt<'_>, offered: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let held = attempt.record.list.as_ref().and_then(|list| attempt.source.proof(list).ok().flatten());
    let held = held.map(|bytes| ("held-proof.json".to_owned(), bytes));
    [("offered-proof.json".to_owned(), offered)].into_iter().chain(held).collect()
}
