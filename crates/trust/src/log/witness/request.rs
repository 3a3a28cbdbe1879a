//! What a log sends to a witness.
//!
//! Spec: C2SP tlog-witness, "add-checkpoint".

use alloc::format;
use alloc::vec::Vec;

use base64ct::{Base64, Encoding};

use crate::bundle::{MAX_PROOF_NODES, Node};
use crate::note::SignedNote;

/// A checkpoint to be cosigned, and proof that it continues the one before.
#[derive(Debug, PartialEq)]
pub struct Request {
    /// Size of the checkpoint that the witness cosigned last, as far as the log knows; 0 if none.
    pub old_size: u64,
    /// Proof from there (RFC 6962 §2.1.2).
    pub proof: Vec<Node>,
    /// The checkpoint with the log's signature.
    pub checkpoint: SignedNote,
}

/// Why bytes are no such request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Longer than any.
    #[error("a request has at most {MAX_REQUEST_BYTES} bytes")]
    TooLarge,
    /// The first line is not `old` and a size.
    #[error("the first line is not `old`, a space and a size in decimal")]
    OldSize,
    /// A line of the proof is no hash, or they are too many.
    #[error("the lines of the proof are not 0 to {MAX_PROOF_NODES} hashes of 32 bytes in base64")]
    Proof,
    /// No empty line, or no note behind it.
    #[error("no signed checkpoint stands behind an empty line")]
    Checkpoint,
}

/// Largest request: the proof and a checkpoint with a few dozen signatures, the post-quantum ones of 3 kB among them.
pub const MAX_REQUEST_BYTES: usize = 128 * 1024;

impl Request {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        if body.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::TooLarge);
        }
        let body = core::str::from_utf8(body).map_err(|_| RequestError::Checkpoint)?;
        let (first, mut rest) = body.split_once('\n').ok_or(RequestError::OldSize)?;
        let old_size = first.strip_prefix("old ").and_then(parse_size).ok_or(RequestError::OldSize)?;
        let mut proof = Vec::new();
        loop {
            let (line, after) = rest.split_once('\n').ok_or(RequestError::Checkpoint)?;
            rest = after;
            if line.is_empty() {
                break;
            }
            if proof.len() == MAX_PROOF_NODES {
                return Err(RequestError::Proof);
            }
            proof.push(parse_node(line).ok_or(RequestError::Proof)?);
        }
        let checkpoint = SignedNote::parse(rest.as_bytes()).map_err(|_| RequestError::Checkpoint)?;
        Ok(Self { old_size, proof, checkpoint })
    }

    /// The body of the request.
    pub fn to_bytes(&self) -> Vec<u8> {
        Self::body(self.old_size, &self.proof, &self.checkpoint)
    }

    /// The body of a request, of its parts.
    pub fn body(old_size: u64, proof: &[Node], checkpoint: &SignedNote) -> Vec<u8> {
        let mut body = format!("old {old_size}\n");
        for node in proof {
            body.push_str(&Base64::encode_string(&node.0));
            body.push('\n');
        }
        body.push('\n');
        let mut body = body.into_bytes();
        body.extend(checkpoint.to_bytes());
        body
    }
}

/// A number without sign or leading zeroes.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_plain { text.parse().ok() } else { None }
}

fn parse_node(line: &str) -> Option<Node> {
    let mut node = [0; 32];
    let bytes = Base64::decode(line, &mut node).ok()?;
    (bytes.len() == 32).then_some(Node(node))
}
