//! What is signed, and how a signature hashes it: piece by piece, so that a list of any size is not copied.
//!
//! Spec: RFC 9580 §5.2.4, §7.2.

use sequoia_openpgp::crypto::hash::Context;
use sequoia_openpgp::packet::Signature;

/// What is signed, as the signature hashes it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    /// The bytes as they are.
    Bytes(&'a [u8]),
    /// Lines that each end with LF: hashed with CRLF between them, and none at the end (RFC 9580 §7.2).
    Lines(&'a [u8]),
}

impl Content<'_> {
    /// The hash of the content so far that only the signature's own trailer is missing.
    pub(crate) fn hash(self, signature: &Signature) -> sequoia_openpgp::Result<Context> {
        let mut hash = signature.hash_algo().context()?.for_signature(signature.version());
        if let Some(salt) = signature.salt() {
            hash.update(salt);
        }
        match self {
            Content::Bytes(bytes) => hash.update(bytes),
            Content::Lines(text) => {
                let text = text.strip_suffix(b"\n").unwrap_or(text);
                for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
                    if index > 0 {
                        hash.update(b"\r\n");
                    }
                    hash.update(line);
                }
            }
        }
        Ok(hash)
    }
}
