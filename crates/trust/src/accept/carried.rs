//! That everything the manifest names was logged: the leaves that must be there, and their proofs.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{Part, Refusal};
use crate::bundle::{Bundle, Inclusion};
use crate::digest::Digest;
use crate::document::{Document, Leaf, LeafKind, Manifest, RelaxSet};
use crate::log::{TreeHead, verify_inclusion};
use crate::note::SignedNote;
use crate::relax::MAX_ORDERS;

/// Reads the relax set, of which the manifest names the hash.
pub(super) fn relax_set(text: &str) -> Result<RelaxSet, Refusal> {
    let unreadable = |message| Refusal::Unreadable { part: Part::RelaxSet, message };
    let set = RelaxSet::parse(text).map_err(|error| unreadable(alloc::format!("{error}")))?;
    if set.orders.len() > MAX_ORDERS || set.cancels.len() > MAX_ORDERS {
        let message =
            alloc::format!("at most {MAX_ORDERS} orders, and as many cancellations, may stand in it");
        return Err(unreadable(message));
    }
    Ok(set)
}

/// The leaves that must be in the log beside the manifest.
pub(super) fn leaves(manifest: &Manifest, set: &RelaxSet) -> Result<Vec<Leaf>, Refusal> {
    let mut leaves = Vec::with_capacity(2 + set.orders.len() + set.cancels.len());
    leaves.push(Leaf { kind: LeafKind::Root, sha256: manifest.root.sha256 });
    leaves.push(Leaf { kind: LeafKind::List, sha256: manifest.list.statement });
    let orders = set.orders.iter().map(|text| (LeafKind::Relax, text));
    let cancels = set.cancels.iter().map(|text| (LeafKind::RelaxCancel, text));
    for (kind, text) in orders.chain(cancels) {
        let note = SignedNote::parse(text.as_bytes()).map_err(|error| Refusal::Unreadable {
            part: Part::RelaxSet,
            message: alloc::format!("a {kind} in it: {error}"),
        })?;
        leaves.push(Leaf { kind, sha256: Digest::of(note.text().as_bytes()) });
    }
    Ok(leaves)
}

/// Shows that the manifest is the last leaf, and that the others are in the tree.
pub(super) fn check(bundle: &Bundle, leaves: &[Leaf], head: TreeHead) -> Result<(), Refusal> {
    // An empty tree has no last leaf, and none at index 0 either.
    let last = head.size.saturating_sub(1);
    verify_inclusion(head, bundle.manifest.as_bytes(), last, &bundle.manifest_proof)
        .map_err(Refusal::ManifestNotLast)?;
    let mut proofs: BTreeMap<(LeafKind, Digest), &Inclusion> = BTreeMap::new();
    for included in &bundle.included {
        proofs.entry((included.kind, included.sha256)).or_insert(included);
    }
    for leaf in leaves {
        let Leaf { kind, sha256 } = *leaf;
        let proof = proofs.get(&(kind, sha256)).ok_or(Refusal::NoProof { kind, sha256 })?;
        let text = Document::from(*leaf).to_text();
        verify_inclusion(head, text.as_bytes(), proof.index, &proof.proof)
            .map_err(|cause| Refusal::NotIncluded { kind, sha256, cause })?;
    }
    Ok(())
}
