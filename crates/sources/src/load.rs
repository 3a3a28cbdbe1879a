//! What is in force of one source, from the state directory alone.

use std::collections::BTreeMap;

use starttls_policy::{Timestamp, read};
use starttls_trust::relax;

use crate::in_force::{Absence, InForce, Loaded};
use crate::kinds::leads_to;
use crate::settings::{RelaxOrders, SourceName, SourceSettings, Trust};
use crate::state::{KeptList, Memory, Record, SourceDir, StateDir, StateError, TrustKind};
use crate::term::Standing;

/// Reads what is in force; nothing is fetched or written. What was accepted under other trust than the settings name now stays in
/// force until its end, or until something is accepted under the new one: a change of settings drops no protection.
///
/// # Errors
/// [`StateError`] when what is kept cannot be read.
pub fn load(settings: &SourceSettings, state: &StateDir, now: Timestamp) -> Result<InForce, StateError> {
    let never = || InForce::Nothing(Absence::Never { name: settings.name.clone() });
    let Some(source) = state.source(&settings.name)? else { return Ok(never()) };
    let Some(record) = source.record()? else { return Ok(never()) };
    of_record(settings, &source, &record, now)
}

/// Tells whether the operator had a source forgotten and nothing was accepted of it since: else a list that is gone from the state
/// directory was lost.
///
/// # Errors
/// [`StateError`] when the state directory cannot be read.
pub fn is_forgotten(name: &SourceName, state: &StateDir) -> Result<bool, StateError> {
    state.source(name)?.map_or(Ok(false), |source| source.is_forgotten())
}

/// What a record brings into force.
pub(crate) fn of_record(
    settings: &SourceSettings,
    source: &SourceDir,
    record: &Record,
    now: Timestamp,
) -> Result<InForce, StateError> {
    let name = settings.name.clone();
    let (Some(kept), Some(memory)) = (&record.list, &record.memory) else {
        return Ok(InForce::Nothing(Absence::Never { name }));
    };
    let standing = Standing::of_record(settings, record);
    if standing.has_ended(now) {
        return Ok(InForce::Nothing(Absence::Ended { name, end: standing.end() }));
    }
    let list =
        read::list(&source.list(kept)?).map_err(|error| source.list_damaged(kept, error.to_string()))?;
    let mut findings = list.findings.clone();
    let (relaxations, relaxed_until) = match memory {
        Memory::Witnessed(memory) => {
            let relaxed = memory.relaxed(&list, choice(settings), now);
            findings.extend(relaxed.findings);
            (relaxed.relaxations, relaxed.until)
        }
        Memory::Plain(_) => (BTreeMap::new(), None),
    };
    let KeptList { sha256, signers, accepted, .. } = kept.clone();
    let effective_end = standing.term().map(|term| term.end);
    let trust = record.trust;
    Ok(InForce::List(Box::new(Loaded {
        name,
        trust,
        list,
        sha256,
        signers,
        accepted,
        effective_end,
        relaxations,
        relaxed_until,
        findings,
    })))
}

/// Whether the operator lets relax orders count.
pub(crate) fn choice(settings: &SourceSettings) -> relax::RelaxOrders {
    match &settings.trust {
        Trust::Witnessed(witnessed) if witnessed.relax_orders == RelaxOrders::Refuse => {
            relax::RelaxOrders::Refused
        }
        _ => relax::RelaxOrders::Honoured,
    }
}

/// Tells whether what is kept was accepted under what the settings name now.
///
/// Where the pinned file cannot be read, what is kept counts on: that file is missing by accident, while another one was
/// put there on purpose.
pub(crate) fn is_trusted(settings: &SourceSettings, source: &SourceDir, record: &Record) -> bool {
    if record.trust != TrustKind::of(&settings.trust) {
        return false;
    }
    let Some(pinned) = crate::kinds::pinned(&settings.trust) else { return true };
    if record.anchor.is_none() || record.anchor.as_deref() == Some(pinned.name()) {
        return true;
    }
    // A root that was renewed leads to the same lists.
    match (&record.memory, &record.list, pinned.root()) {
        (Some(Memory::Witnessed(memory)), Some(kept), Some(anchor)) => {
            source.proof(kept).ok().flatten().is_some_and(|proof| leads_to(anchor, memory, &proof))
        }
        _ => false,
    }
}
