//! From a relax set to the orders that are known: who signed, and who took back.

use alloc::collections::BTreeMap;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use starttls_policy::{Finding, printable};

use super::{Authority, Cancelled, Order, Place, VOID};
use crate::digest::Digest;
use crate::document::{DocumentError, RelaxCancel, RelaxOrder, RelaxSet, Role, Roles, Root};
use crate::note::{NoteError, SignedNote};
use crate::threshold::{self, RoleName, ThresholdError};

/// The orders of a set together with those that are remembered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadOrders {
    /// Each once, by time; only such as enough organisations signed.
    pub orders: Vec<Order>,
    /// What does not hold, and why.
    pub findings: Vec<Finding>,
}

/// Why a note of the set counts for nothing.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{0}")]
    Note(#[from] NoteError),
    #[error("{0}")]
    Document(#[from] DocumentError),
    #[error("{0}")]
    Threshold(#[from] ThresholdError),
    #[error("it speaks in the name of `{}`, which did not sign it", printable(.0))]
    NotItsOrganisation(String),
    #[error("signed by none but {} that may take it back: want an organisation with a say in `relax` or `list`", .0)]
    NoSay(String),
}

/// Reads who signed the set's orders and who took them back, under the root in force, and joins them to those that are
/// remembered: an order that was taken back stays so, even if the set no longer says it.
pub fn read(root: &Root, set: &RelaxSet, remembered: &[Order]) -> ReadOrders {
    let mut known: BTreeMap<Digest, Order> = remembered
        .iter()
        .map(|order| (order.sha256, Order { place: Place::Gone, ..order.clone() }))
        .collect();
    let mut findings = Vec::new();
    for text in &set.orders {
        match order(root, text) {
            Ok(order) => {
                let cancelled = known.get(&order.sha256).and_then(|before| before.cancelled.clone());
                known.insert(order.sha256, Order { cancelled, ..order });
            }
            Err(fault) => findings.push(VOID.finding(subject("order", text), fault.to_string())),
        }
    }
    for text in &set.cancels {
        if let Err(fault) = cancel(root, text, &mut known) {
            findings.push(VOID.finding(subject("cancellation", text), fault.to_string()));
        }
    }
    let mut orders: Vec<Order> = known.into_values().collect();
    orders.sort_by_key(|order| (order.timestamp, order.sha256));
    ReadOrders { orders, findings }
}

fn order(root: &Root, text: &str) -> Result<Order, Fault> {
    let note = SignedNote::parse(text.as_bytes())?;
    let order = RelaxOrder::parse(note.text())?;
    // Whoever signed in the other role alone stands behind it too, and cannot take it back.
    let signed_by = signers(root, &note)?;
    let is_met = |role: &Role| role.is_met(signed_by.intersection(&role.organisations).count());
    let authority = if is_met(&root.roles.list) {
        Authority::List
    } else {
        threshold::met(root, RoleName::Relax, &note)?;
        Authority::Relax
    };
    if !signed_by.contains(&order.organisation) {
        return Err(Fault::NotItsOrganisation(order.organisation));
    }
    let RelaxOrder { organisation: _, timestamp, expires, reason, domains, providers } = order;
    let sha256 = Digest::of(note.text().as_bytes());
    let (cancelled, place) = (None, Place::InSet);
    Ok(Order {
        sha256,
        signed_by,
        authority,
        timestamp,
        expires,
        reason,
        domains,
        providers,
        cancelled,
        place,
    })
}

fn cancel(root: &Root, text: &str, known: &mut BTreeMap<Digest, Order>) -> Result<(), Fault> {
    let note = SignedNote::parse(text.as_bytes())?;
    let RelaxCancel { order, organisation, timestamp: _, reason } = RelaxCancel::parse(note.text())?;
    let signed_by = signers(root, &note)?;
    if !signed_by.contains(&organisation) {
        return Err(Fault::NotItsOrganisation(organisation));
    }
    // One whose order is not known, or does not hold anyway, has nothing to take back.
    let Some(order) = known.get_mut(&order) else { return Ok(()) };
    if !signed_by.iter().any(|name| !order.signed_by.contains(name)) {
        return Err(Fault::NoSay(threshold::joined(&order.signed_by)));
    }
    order.cancelled.get_or_insert(Cancelled { organisation, reason });
    Ok(())
}

/// Organisations with a say in `relax` or `list` that signed.
fn signers(root: &Root, note: &SignedNote) -> Result<BTreeSet<String>, NoteError> {
    let Roles { list, relax, .. } = &root.roles;
    let signed = threshold::signed_by(root, note)?.into_keys();
    let has_say = |name: &&str| list.organisations.contains(*name) || relax.organisations.contains(*name);
    Ok(signed.filter(has_say).map(String::from).collect())
}

fn subject(kind: &str, text: &str) -> String {
    let document = SignedNote::parse(text.as_bytes()).map(|note| Digest::of(note.text().as_bytes()));
    let hash = document.unwrap_or_else(|_| Digest::of(text.as_bytes())).to_string();
    format!("{kind} {}", hash.get(..16).unwrap_or_default())
}
