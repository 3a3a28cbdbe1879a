//! One run for one source: fetch, accept, keep.

mod judgement;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use starttls_policy::{Finding, Relaxation, Relaxations, Timestamp};
use starttls_trust::ladder;

use crate::in_force::{InForce, Loaded};
use crate::kinds::{self, Attempt, Bytes, Candidate};
use crate::load::{self, is_trusted};
use crate::outside::Outside;
use crate::settings::SourceSettings;
use crate::state::{KeptList, KeptOrder, Lock, Record, SourceDir, StateError, TrustKind};
use crate::term::Standing;
use judgement::Judgement;

pub(crate) use judgement::CODES;

/// Whether what is accepted is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Keeping {
    /// It is kept, and in force from now on.
    Keep,
    /// Everything is tried and nothing kept, as in a dry run.
    Discard,
}

/// How a run went for one source.
#[derive(Debug)]
pub struct Refreshed {
    /// What came of it.
    pub outcome: Outcome,
    /// Where the source stands on the ladder now.
    pub state: ladder::State,
    /// What is to be done about it.
    pub action: ladder::Action,
    /// What the source contributes now.
    pub in_force: InForce,
    /// What is worth a person's attention, mirrors that failed among it.
    pub findings: Vec<Finding>,
    /// Where the evidence of a contradiction was put.
    pub evidence: Option<PathBuf>,
}

/// What came of a run for one source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// A list with other bytes than before was accepted.
    Accepted,
    /// The same list was confirmed, perhaps by newer proofs.
    Confirmed,
    /// Nothing could be fetched or verified; what was accepted before counts until its end.
    Failed {
        /// In words, with the cure.
        why: String,
    },
    /// Something that is validly signed contradicts what was accepted before, which counts until its end.
    Contradicted {
        /// In words, with the cure.
        why: String,
    },
}

/// What a run brought that was not there before.
#[derive(Debug)]
pub struct Fetched {
    /// A list with other bytes than before, which is in force now.
    pub accepted: Option<Box<Loaded>>,
    /// What is worth a person's attention.
    pub findings: Vec<Finding>,
}

/// Fetches, accepts and keeps the list of one source. Trouble on the other side is an [`Outcome`].
///
/// # Errors
/// [`StateError`] when we could not do our own work; what was in force still is.
pub fn refresh(
    settings: &SourceSettings,
    lock: &Lock,
    outside: Outside<'_>,
    keeping: Keeping,
    now: Timestamp,
) -> Result<Refreshed, StateError> {
    let visit = visit(settings, lock, outside, keeping, now)?;
    let in_force = match visit.accepted {
        Some(accepted) => InForce::List(accepted),
        None => load::of_record(settings, &visit.source, &visit.record, now)?,
    };
    let Judgement { outcome, state, action, findings, .. } = visit.judgement;
    Ok(Refreshed { outcome, state, action, in_force, findings, evidence: visit.evidence })
}

/// The same for those who look single domains up and need no list as a whole: one that is not new is not read.
///
/// # Errors
/// As [`refresh`].
pub fn fetch(
    settings: &SourceSettings,
    lock: &Lock,
    outside: Outside<'_>,
    now: Timestamp,
) -> Result<Fetched, StateError> {
    let Visit { accepted, judgement, .. } = visit(settings, lock, outside, Keeping::Keep, now)?;
    Ok(Fetched { accepted, findings: judgement.findings })
}

/// A run for one source.
struct Visit {
    source: SourceDir,
    record: Record,
    judgement: Judgement,
    accepted: Option<Box<Loaded>>,
    evidence: Option<PathBuf>,
}

fn visit(
    settings: &SourceSettings,
    lock: &Lock,
    outside: Outside<'_>,
    keeping: Keeping,
    now: Timestamp,
) -> Result<Visit, StateError> {
    let source = lock.source(&settings.name)?;
    let known = source.record()?;
    let revision = known.as_ref().map_or(0, |record| record.revision);
    let new = || Record { revision, ..Record::new(TrustKind::of(&settings.trust)) };
    let (record, of_other_trust) = match known {
        Some(record) if is_trusted(settings, &source, &record) => (record, None),
        Some(record) if record.list.is_some() => (new(), Some(record)),
        _ => (new(), None),
    };
    let mut search = kinds::search(&Attempt { settings, record: &record, source: &source, outside, now })?;
    // What was accepted under other trust stays until something is accepted under this one.
    let of_other_trust = of_other_trust.filter(|_| search.candidate.is_none());
    let is_of_other_trust = of_other_trust.is_some();
    let mut record = of_other_trust.unwrap_or(record);
    let mut judgement = Judgement::of(settings, &record, &search, now);
    if is_of_other_trust {
        judgement.note_other_trust(settings, &record, now);
    }

    let evidence = match (&judgement.evidence, keeping) {
        (Some(evidence), Keeping::Keep) => Some(evidence.keep(&source, now)?),
        _ => None,
    };
    let candidate = search.candidate.take();
    judgement.note_in(&mut record, now, evidence.as_deref());
    let accepted = candidate
        .map(|candidate| store(settings, &source, &mut record, *candidate, keeping, now))
        .transpose()?;
    if keeping == Keeping::Keep {
        source.switch(&mut record)?;
    }
    let evidence = evidence.map(|below| source.directory().path().join(below));
    Ok(Visit { source, record, judgement, accepted, evidence })
}

/// Keeps a candidate's files and notes them in the record; they are in force once that is switched.
fn store(
    settings: &SourceSettings,
    source: &SourceDir,
    record: &mut Record,
    candidate: Candidate,
    keeping: Keeping,
    now: Timestamp,
) -> Result<Box<Loaded>, StateError> {
    let standing = Standing::of(settings, &candidate.memory, &candidate.list.head);
    let Candidate { list, bytes, size, sha256, proof, anchor, memory, signers, relaxations, .. } = candidate;
    let mut proof_name = None;
    if keeping == Keeping::Keep {
        match &bytes {
            Bytes::Held => {}
            Bytes::Read(bytes) => source.keep_list(bytes, &sha256)?,
            Bytes::Incoming(incoming) => incoming.keep(source, &sha256)?,
        }
        proof_name = proof.map(|bytes| source.keep_proof(&bytes)).transpose()?;
    }
    let before = record.list.take();
    let accepted =
        before.as_ref().filter(|before| before.sha256 == sha256).and_then(|before| before.accepted);
    let accepted = accepted.or(Some(now));
    let head = &list.head;
    record.list = Some(KeptList {
        sha256,
        size,
        proof: proof_name,
        author: head.author.clone(),
        serial: head.serial,
        timestamp: head.timestamp,
        expires: head.expires,
        entries: list.entries.len() as u64,
        signers: signers.clone(),
        accepted,
        relaxed: kept_orders(&relaxations),
    });
    if before.as_ref().is_some_and(|before| before.sha256 != sha256) {
        record.previous = before;
    }
    record.memory = Some(memory);
    record.anchor = anchor;
    record.seen = candidate.seen;
    Ok(Box::new(Loaded {
        name: settings.name.clone(),
        trust: record.trust,
        list,
        sha256,
        signers,
        accepted,
        effective_end: standing.term().map(|term| term.end),
        relaxations,
        relaxed_until: candidate.relaxed_until,
        findings: candidate.findings,
    }))
}

/// The orders, each with how much it weakens.
fn kept_orders(relaxations: &Relaxations) -> Vec<KeptOrder> {
    let mut orders: BTreeMap<&str, KeptOrder> = BTreeMap::new();
    for Relaxation { until, order, by, reason } in relaxations.values() {
        let (by, reason, until) = (by.clone(), reason.clone(), Some(*until));
        orders.entry(order).or_insert(KeptOrder { by, reason, until, domains: 0 }).domains += 1;
    }
    orders.into_values().collect()
}

/// A random order, for [`Outside::order`].
pub fn random_order(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    fastrand::shuffle(&mut order);
    order
}
