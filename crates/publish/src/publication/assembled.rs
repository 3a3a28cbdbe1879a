//! The proof bundle of a publication.

use starttls_trust::bundle::Inclusion;
use starttls_trust::{Bundle, Document, SignedNote};

use super::PublishError;
use super::gathered::Gathered;
use super::home::LogHome;

/// Puts the bundle together: every document and the proof that it is in the log.
pub(super) fn bundle(
    gathered: &Gathered,
    home: &LogHome,
    checkpoint: &SignedNote,
) -> Result<Bundle, PublishError> {
    let mut bundle = Bundle::new(checkpoint.to_string());
    bundle.roots = gathered.roots().values().cloned().collect();
    bundle.list = gathered.statement_note();
    bundle.relax = gathered.relax_text();
    bundle.manifest = gathered.manifest_text();
    bundle.manifest_proof = home.prove_inclusion(home.head().size.saturating_sub(1))?;
    for leaf in gathered.named() {
        // What was appended is there; a client would refuse the bundle otherwise.
        let Some(index) = home.index(&Document::from(leaf).to_text()) else { continue };
        let proof = home.prove_inclusion(index)?;
        bundle.included.push(Inclusion { kind: leaf.kind, sha256: leaf.sha256, index, proof });
    }
    Ok(bundle)
}
