//! The steps of acceptance, in the one order that the design gives them.
//!
//! Spec: docs/list-distribution.md, "Acceptance".

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};

use starttls_policy::Timestamp;

use super::memory::worth_remembering;
use super::{End, HeldList, HeldLog, Judged, MAX_BEHIND_SECONDS, Memory, Part, Refusal, carried, is_ahead};
use crate::bundle::Bundle;
use crate::chain::{self, Anchor};
use crate::digest::Digest;
use crate::document::{DocumentError, ListRef, ListStatement, Manifest, Root};
use crate::ladder::Clock;
use crate::log::{self, Checkpoint, ReadTiles};
use crate::note::SignedNote;
use crate::relax::{self, ReadOrders};
use crate::term::{Term, later};
use crate::threshold::{self, RoleName};

/// Judges all of a candidate but the list's bytes.
///
/// `anchor` is the root that the operator pinned, `now` the local clock; `tiles` reads the mirror's files of the log, and is
/// asked only when the log has grown since the last acceptance.
///
/// # Errors
/// The first [`Refusal`] in the order of the steps.
pub fn judge(
    anchor: &Anchor,
    memory: Option<&Memory>,
    bundle: &Bundle,
    tiles: &dyn ReadTiles,
    now: Timestamp,
) -> Result<Judged, Refusal> {
    let root = chain::follow(anchor, memory.map(|memory| memory.root), &bundle.roots)?;
    let (statement, digest, signers) = signed_statement(root.root(), &bundle.list)?;
    not_older(memory, &statement)?;

    let manifest: Manifest =
        Manifest::parse(&bundle.manifest).map_err(|error| unreadable(Part::Manifest, &error))?;
    let list = ListRef { serial: statement.serial, sha256: statement.sha256, statement: digest };
    agrees(&manifest, &root, list, &bundle.relax)?;

    let checkpoint = note(Part::Checkpoint, &bundle.checkpoint)?;
    let verified = Checkpoint::verified(&checkpoint, &root.root().log.key).map_err(Refusal::Checkpoint)?;
    let relax_set = carried::relax_set(&bundle.relax)?;
    carried::check(bundle, &carried::leaves(&manifest, &relax_set)?, verified.head())?;
    continues(memory, &verified, tiles)?;

    let quorum_time = vouched(root.root(), memory, &checkpoint, now)?;
    if is_ahead(statement.timestamp, now) {
        return Err(Refusal::FromTheFuture { timestamp: statement.timestamp, now });
    }
    let ListStatement { timestamp, expires, .. } = statement;
    let term = Term::witnessed(timestamp, expires, quorum_time, root.root().limits);
    let clock = Clock::new(now, Some(quorum_time));
    if term.has_ended(clock.now()) {
        return Err(Refusal::Ended(End { end: term.end, expires, now: clock.now() }));
    }

    let remembered = memory.map(|memory| memory.relax.as_slice()).unwrap_or_default();
    let ReadOrders { orders, findings } = relax::read(root.root(), &relax_set, remembered);
    let new = Memory {
        root: root.reference(),
        root_note: root.note().to_string(),
        list: HeldList {
            author: statement.author.clone(),
            serial: statement.serial,
            sha256: statement.sha256,
            timestamp,
            expires,
        },
        signers,
        log: HeldLog { origin: verified.origin.clone(), tree: verified.head(), quorum_time },
        term,
        relax: worth_remembering(orders, clock.now()),
    };
    Ok(Judged::new(root, statement, new, findings))
}

/// Step 2: enough organisations of the newest root.
fn signed_statement(root: &Root, text: &str) -> Result<(ListStatement, Digest, BTreeSet<String>), Refusal> {
    let note = note(Part::ListStatement, text)?;
    let signers = threshold::met(root, RoleName::List, &note).map_err(Refusal::Threshold)?;
    let statement =
        ListStatement::parse(note.text()).map_err(|error| unreadable(Part::ListStatement, &error))?;
    Ok((statement, Digest::of(note.text().as_bytes()), signers))
}

/// Steps 3 and 4: serial and timestamp.
fn not_older(memory: Option<&Memory>, statement: &ListStatement) -> Result<(), Refusal> {
    let Some(known) = memory.map(|memory| &memory.list) else { return Ok(()) };
    let ListStatement { serial, sha256, timestamp, .. } = *statement;
    check_order(serial, known.serial, (known.sha256, sha256), (known.timestamp, timestamp))
}

/// Serial, bytes and time of what is offered against what is known (the first of each pair).
pub(super) fn check_order(
    serial: u64,
    known: u64,
    bytes: (Digest, Digest),
    times: (Timestamp, Timestamp),
) -> Result<(), Refusal> {
    if serial < known {
        return Err(Refusal::RolledBack { serial, known });
    }
    if serial == known && bytes.0 != bytes.1 {
        return Err(Refusal::Equivocation { serial, known: bytes.0, got: bytes.1 });
    }
    if times.1 < times.0 {
        return Err(Refusal::TimeGoesBack { serial, timestamp: times.1, known: times.0 });
    }
    Ok(())
}

/// Step 5: the manifest names what the bundle carries.
fn agrees(manifest: &Manifest, root: &Anchor, list: ListRef, relax: &str) -> Result<(), Refusal> {
    let differs = |part| Err(Refusal::NotInManifest { part });
    if manifest.root != root.reference() {
        differs(Part::Root)
    } else if (manifest.list.serial, manifest.list.sha256) != (list.serial, list.sha256) {
        differs(Part::List)
    } else if manifest.list != list {
        differs(Part::ListStatement)
    } else if manifest.relax != Digest::of(relax.as_bytes()) {
        differs(Part::RelaxSet)
    } else {
        Ok(())
    }
}

/// Step 7: the log has only grown since. A log of another name is another log, which a signed root alone can introduce.
fn continues(memory: Option<&Memory>, new: &Checkpoint, tiles: &dyn ReadTiles) -> Result<(), Refusal> {
    match memory.map(|memory| &memory.log) {
        Some(known) if known.origin == new.origin => {
            log::consistency_from_tiles(known.tree, new.head(), tiles).map_err(Refusal::Consistency)
        }
        Some(_) | None => Ok(()),
    }
}

/// Step 8: enough witnesses, at a time that can be. Returns the later of theirs and the remembered one.
fn vouched(
    root: &Root,
    memory: Option<&Memory>,
    checkpoint: &SignedNote,
    now: Timestamp,
) -> Result<Timestamp, Refusal> {
    let quorum_time = log::quorum_time(root, checkpoint)
        .map_err(Refusal::Cosignatures)?
        .ok_or(Refusal::BelowQuorum { quorum: root.quorum })?;
    if is_ahead(quorum_time, now) {
        return Err(Refusal::ClockBehind { quorum_time, now });
    }
    let Some(known) = memory.map(|memory| memory.log.quorum_time) else { return Ok(quorum_time) };
    if known > later(quorum_time, MAX_BEHIND_SECONDS) {
        return Err(Refusal::OldCosignatures { quorum_time, known });
    }
    Ok(quorum_time.max(known))
}

fn note(part: Part, text: &str) -> Result<SignedNote, Refusal> {
    SignedNote::parse(text.as_bytes())
        .map_err(|error| Refusal::Unreadable { part, message: error.to_string() })
}

fn unreadable(part: Part, error: &DocumentError) -> Refusal {
    Refusal::Unreadable { part, message: error.to_string() }
}
