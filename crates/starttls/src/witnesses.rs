//! Whom a publisher asks for cosignatures: copies that were brought first, then the witnesses themselves.

use std::path::PathBuf;

use starttls_net::https::ClientSettings;
use starttls_publish::publication::{AskWitness, Brought, PublishError};
use starttls_publish::witness::OverHttp;
use starttls_trust::SignedNote;
use starttls_trust::bundle::Node;
use starttls_trust::document::Witness;
use starttls_trust::log::ProofError;

use crate::clock;

/// Brought copies, and the witnesses' own addresses.
pub(crate) struct Witnesses {
    brought: Brought,
    over_http: OverHttp,
}

impl Witnesses {
    /// Reads the copies that were brought.
    pub(crate) fn new(brought: &[PathBuf]) -> Result<Self, PublishError> {
        let over_http = OverHttp::new(ClientSettings::default(), clock::now);
        Ok(Self { brought: Brought::read(brought)?, over_http })
    }
}

impl AskWitness for Witnesses {
    fn ask(
        &self,
        witness: &Witness,
        checkpoint: &SignedNote,
        prove: &dyn Fn(u64) -> Result<Vec<Node>, ProofError>,
    ) -> Result<SignedNote, String> {
        self.brought
            .ask(witness, checkpoint, prove)
            .or_else(|_| self.over_http.ask(witness, checkpoint, prove))
    }
}
