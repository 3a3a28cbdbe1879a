//! What kinds without proofs have in common: the list speaks for its own age.

use std::collections::BTreeMap;

use starttls_policy::{Code, Timestamp, read};
use starttls_trust::Digest;
use starttls_trust::accept::{self, Facts, PlainMemory};

use super::search::{Attempt, Offer, Rejection};
use super::{Bytes, Candidate};
use crate::fetch::Version;
use crate::settings::{Ended, SourceSettings};
use crate::state::Memory;

/// A list that comes without proofs, whose signature, if any, was verified.
pub(super) struct Plain {
    /// Where it is from, for messages.
    pub(super) place: String,
    pub(super) bytes: Vec<u8>,
    /// What made it believable.
    pub(super) proof: Option<Vec<u8>>,
    pub(super) anchor: Option<String>,
    pub(super) signers: Vec<String>,
    pub(super) seen: BTreeMap<String, Version>,
    pub(super) bound: Bound,
}

/// Whether what is remembered binds it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Bound {
    /// It may not go back.
    ByMemory,
    /// Nobody signed it: whoever may write the file may write anything, and the operator may take a change back.
    ByNothing,
}

/// Shown when a list is used beyond its end.
pub(crate) const BEYOND_END: Code = Code::warning(
    "source.beyond-end",
    "a list that has ended, or says no end, is used all the same by your settings; nothing limits its age",
);

/// Shown when an unsigned list changed without a higher serial.
pub(crate) const SERIAL_NOT_RAISED: Code = Code::info(
    "source.serial-not-raised",
    "an unsigned list has changed and its serial is no higher than before; it is used, since nothing but the file itself says what is right",
);

pub(super) fn judge(attempt: &Attempt<'_>, plain: Plain) -> Result<Offer, Rejection> {
    let Plain { place, bytes, proof, anchor, signers, seen, bound } = plain;
    let sha256 = Digest::of(&bytes);
    let size = bytes.len() as u64;
    let held = attempt.record.list.as_ref().filter(|list| list.sha256 == sha256);
    let list = read::list(&bytes).map_err(|error| Rejection::unusable(format!("{place}: {error}")))?;
    let mut findings = list.findings.clone();
    let facts = Facts::of(&list, sha256);
    if attempt.settings.ended == Ended::Accepted && (facts.timestamp.is_none() || list.has_ended(attempt.now))
    {
        findings.push(BEYOND_END.finding("", format!("{place} has the list of serial {}", facts.serial)));
    }
    let facts = as_settled(facts, attempt.settings);
    let known = known(attempt);
    if bound == Bound::ByNothing
        && known.is_some_and(|known| known.sha256 != sha256 && known.serial >= facts.serial)
    {
        findings.push(SERIAL_NOT_RAISED.finding("", format!("{place} has serial {}", facts.serial)));
    }
    let memory = match bound {
        Bound::ByMemory => known,
        Bound::ByNothing => None,
    };
    let memory = accept::plain(memory, facts, attempt.now).map_err(|refusal| {
        let offered = [("offered-list".to_owned(), bytes.clone())];
        let proof = proof.clone().map(|bytes| ("offered-signature".to_owned(), bytes));
        let held = attempt.record.list.as_ref().and_then(|held| attempt.source.list(held).ok());
        let held = held.map(|bytes| ("held-list".to_owned(), bytes));
        Rejection::refused(&place, &refusal, proof.into_iter().chain(offered).chain(held).collect())
    })?;
    // The same list once more is no news, and clears no suspicion.
    if held.is_some() && attempt.record.anchor == anchor && attempt.source.list_is_whole(held) {
        return Ok(Offer::Unchanged);
    }
    Ok(Offer::Candidate(Box::new(Candidate {
        list,
        bytes: Bytes::Read(bytes),
        size,
        sha256,
        proof,
        anchor,
        memory: Memory::Plain(memory),
        signers,
        relaxations: BTreeMap::new(),
        relaxed_until: None,
        findings,
        seen,
    })))
}

/// What counts of a list where the operator may have said that its end does not.
pub(super) fn as_settled(facts: Facts, settings: &SourceSettings) -> Facts {
    match settings.ended {
        Ended::Accepted => Facts {
            timestamp: facts.timestamp.or(Timestamp::from_seconds(0).ok()),
            expires: Some(Timestamp::MAX),
            ..facts
        },
        Ended::Refused => facts,
    }
}

fn known<'a>(attempt: &'a Attempt<'_>) -> Option<&'a PlainMemory> {
    match &attempt.record.memory {
        Some(Memory::Plain(memory)) => Some(memory),
        _ => None,
    }
}
