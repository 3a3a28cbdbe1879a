//! The relax set: what was in it and still matters, and what is new.

use starttls_policy::{List, Timestamp};
use starttls_trust::document::{RelaxCancel, RelaxOrder, RelaxSet, Root};
use starttls_trust::relax::{self, RENEWAL_DAYS, RelaxOrders};
use starttls_trust::{Digest, SignedNote};

use super::PublishError;

/// The set with new orders and cancellations, and without orders that ended long ago.
pub(super) fn renewed(
    set: &RelaxSet,
    orders: Vec<(SignedNote, RelaxOrder)>,
    cancels: Vec<(SignedNote, RelaxCancel)>,
    (root, list): (&Root, &List),
    now: Timestamp,
) -> Result<RelaxSet, PublishError> {
    let mut kept: Vec<(SignedNote, RelaxOrder)> = Vec::new();
    for text in &set.orders {
        let note = SignedNote::parse(text.as_bytes())?;
        let order = RelaxOrder::parse(note.text())?;
        if matters(&order, now) {
            kept.push((note, order));
        }
    }
    let new: Vec<Digest> = orders.iter().map(|(note, _)| digest(note)).collect();
    let cancelled: Vec<Digest> = cancels.iter().map(|(note, _)| digest(note)).collect();
    for (note, order) in orders {
        add(&mut kept, note, order)?;
    }
    // Oldest first, whoever comes when.
    kept.sort_by_key(|(note, order)| (order.timestamp, digest(note)));
    let mut taken_back: Vec<(SignedNote, RelaxCancel)> = Vec::new();
    for text in &set.cancels {
        let note = SignedNote::parse(text.as_bytes())?;
        let cancel = RelaxCancel::parse(note.text())?;
        taken_back.push((note, cancel));
    }
    for (note, cancel) in cancels {
        add(&mut taken_back, note, cancel)?;
    }
    for (note, cancel) in taken_back.iter().filter(|(note, _)| cancelled.contains(&digest(note))) {
        if !kept.iter().any(|(note, _)| digest(note) == cancel.order) {
            let message = "its order is not in the relax set".into();
            return Err(PublishError::Relax { subject: short("cancellation", digest(note)), message });
        }
    }
    taken_back.retain(|(_, cancel)| kept.iter().any(|(note, _)| digest(note) == cancel.order));
    let set = RelaxSet {
        orders: kept.iter().map(|(note, _)| note.to_string()).collect(),
        cancels: taken_back.iter().map(|(note, _)| note.to_string()).collect(),
    };
    let subjects: Vec<String> = new
        .into_iter()
        .map(|sha256| short("order", sha256))
        .chain(cancelled.into_iter().map(|sha256| short("cancellation", sha256)))
        .collect();
    holds(&set, &subjects, root, list, now)?;
    Ok(set)
}

/// What is new must not be void: nobody would ever see why it has no effect.
fn holds(
    set: &RelaxSet,
    subjects: &[String],
    root: &Root,
    list: &List,
    now: Timestamp,
) -> Result<(), PublishError> {
    let read = relax::read(root, set, &[]);
    let in_force = relax::in_force(&read.orders, list, RelaxOrders::Honoured, now);
    let void = read.findings.into_iter().chain(in_force.findings).find(|finding| {
        let is_void = ["relax.void", "relax.no-effect"].contains(&finding.code);
        is_void && subjects.contains(&finding.subject)
    });
    match void {
        Some(finding) => Err(PublishError::Relax { subject: finding.subject, message: finding.message }),
        None => Ok(()),
    }
}

/// Joins the copies of one document, or adds a new one.
fn add<T>(all: &mut Vec<(SignedNote, T)>, note: SignedNote, document: T) -> Result<(), PublishError> {
    let Some(at) = all.iter().position(|(known, _)| known.text() == note.text()) else {
        all.push((note, document));
        return Ok(());
    };
    let (known, document) = all.swap_remove(at);
    all.push((known.joined_with(&note)?, document));
    Ok(())
}

fn matters(order: &RelaxOrder, now: Timestamp) -> bool {
    let life = u64::from(RENEWAL_DAYS) * 86_400;
    order.expires.seconds().saturating_add(life) > now.seconds()
}

fn digest(note: &SignedNote) -> Digest {
    Digest::of(note.text().as_bytes())
}

/// As findings of `starttls_trust::relax` name it.
fn short(kind: &str, sha256: Digest) -> String {
    format!("{kind} {}", sha256.to_string().get(..16).unwrap_or_default())
}
