//! Signature files: a few signature packets and nothing else, armoured or binary.
//!
//! Spec: RFC 9580 §10.3 (detached signatures), §5.2.

use sequoia_openpgp::Packet;
use sequoia_openpgp::packet::{Signature, Tag};
use sequoia_openpgp::parse::{Dearmor, PacketParserBuilder, PacketParserResult, Parse as _};
use starttls_policy::printable;

use crate::armor::{self, ArmorError, Kind};
use crate::fence::fenced;

/// Bytes of a signature file; one signature has some hundred.
pub const MAX_SIGNATURE_BYTES: usize = 64 << 10;

/// Signatures in one file. Each may cost one pass over the data, so that their number is what an attacker could play with.
pub const MAX_SIGNATURES: usize = 16;

/// Why bytes are no signatures.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureFileError {
    /// More bytes than signatures need.
    #[error("the signature has {bytes} bytes; the limit is {MAX_SIGNATURE_BYTES}")]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// More signatures than a list has signers.
    #[error("there are more than {MAX_SIGNATURES} signatures in one file")]
    TooMany,
    /// There is none.
    #[error("there is no signature in the file")]
    None,
    /// It is text, but no armoured signature.
    #[error("not an OpenPGP signature")]
    Armor(#[source] ArmorError),
    /// Something that is no signature.
    #[error("not an OpenPGP signature: {reason}")]
    NotASignature {
        /// What stands there.
        reason: String,
    },
}

/// Reads them all, in their order. What calls itself a signature in a version that nobody here knows is left out, as RFC 9580
/// §5.2 wants it; if nothing else is left, that is an error.
///
/// # Errors
/// [`SignatureFileError`].
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Signature>, SignatureFileError> {
    if bytes.len() > MAX_SIGNATURE_BYTES {
        return Err(SignatureFileError::TooLarge { bytes: bytes.len() });
    }
    if armor::is_binary(bytes) {
        return read_binary(bytes);
    }
    read_binary(&armor::decode(bytes, Kind::Signature).map_err(SignatureFileError::Armor)?)
}

fn read_binary(bytes: &[u8]) -> Result<Vec<Signature>, SignatureFileError> {
    fenced(|| read_packets(bytes)).unwrap_or_else(|_| Err(not_a_signature("its packets make no sense")))
}

fn read_packets(bytes: &[u8]) -> Result<Vec<Signature>, SignatureFileError> {
    let mut signatures = Vec::new();
    let mut count = 0;
    let mut unreadable = None;
    let mut rest = PacketParserBuilder::from_bytes(bytes)
        .and_then(|builder| builder.dearmor(Dearmor::Disabled).max_recursion_depth(0).build())
        .map_err(|error| not_a_signature(error.to_string()))?;
    while let PacketParserResult::Some(parser) = rest {
        count += 1;
        if count > MAX_SIGNATURES {
            return Err(SignatureFileError::TooMany);
        }
        let (packet, next) = parser.next().map_err(|error| not_a_signature(error.to_string()))?;
        match packet {
            Packet::Signature(signature) => signatures.push(signature),
            Packet::Unknown(unknown) if unknown.tag() == Tag::Signature => {
                unreadable = Some(unknown.error().to_string());
            }
            other => return Err(not_a_signature(format!("it holds a packet of kind `{}`", other.tag()))),
        }
        rest = next;
    }
    match (signatures.is_empty(), unreadable) {
        (false, _) => Ok(signatures),
        (true, None) => Err(SignatureFileError::None),
        (true, Some(reason)) => Err(not_a_signature(reason)),
    }
}

fn not_a_signature(reason: impl Into<String>) -> SignatureFileError {
    SignatureFileError::NotASignature { reason: printable(&reason.into()) }
}

#[cfg(test)]
mod tests;
