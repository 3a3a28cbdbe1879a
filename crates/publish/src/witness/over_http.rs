//! Witnesses reached over HTTPS, as roots name them.

use std::time::Duration;

use starttls_net::https::ClientSettings;
use starttls_net::post::Poster;
use starttls_policy::Timestamp;
use starttls_trust::SignedNote;
use starttls_trust::bundle::Node;
use starttls_trust::document::Witness;
use starttls_trust::log::ProofError;
use starttls_trust::log::witness::{MAX_REPLY_BYTES, Reply};

use super::ask::{Post, ask};
use crate::publication::AskWitness;

/// Asks each witness at its URL in the root: `https:`, or `http:` on this machine.
#[derive(Debug)]
pub struct OverHttp {
    poster: Poster,
    now: fn() -> Timestamp,
}

/// How long one witness may take for one answer: it writes to its disk, no more.
pub const WITNESS_DEADLINE: Duration = Duration::from_secs(20);

impl OverHttp {
    /// With the operator's roots and proxy, and a clock for judging what witnesses say of the time.
    pub fn new(settings: ClientSettings, now: fn() -> Timestamp) -> Self {
        let deadline = settings.deadline.min(WITNESS_DEADLINE);
        Self { poster: Poster::new(ClientSettings { deadline, ..settings }), now }
    }
}

impl AskWitness for OverHttp {
    fn ask(
        &self,
        witness: &Witness,
        checkpoint: &SignedNote,
        prove: &dyn Fn(u64) -> Result<Vec<Node>, ProofError>,
    ) -> Result<SignedNote, String> {
        ask(self, witness, checkpoint, 0, prove, (self.now)()).map_err(|error| error.to_string())
    }
}

impl Post for OverHttp {
    fn post(&self, url: &str, body: Vec<u8>) -> Result<Reply, String> {
        let posted = self.poster.post(url, body, MAX_REPLY_BYTES).map_err(|error| error.to_string())?;
        Ok(Reply { status: posted.status, content_type: posted.content_type, body: posted.body })
    }
}
