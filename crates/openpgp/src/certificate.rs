//! The pinned certificate: the one whose signatures count.
//!
//! Spec: RFC 9580 §10.1.

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::parse::{Dearmor, PacketParserBuilder, PacketParserResult, Parse as _};
use starttls_policy::printable;

use crate::armor::{self, ArmorError, Kind};
use crate::fence::fenced;
use crate::fingerprint::Fingerprint;

/// Bytes of a certificate file. The largest ones in use, with all that others certified, stay below.
pub const MAX_CERTIFICATE_BYTES: usize = 1 << 20;

/// Packets of a certificate: what is checked for each grows with their number, and a signing key needs a dozen.
const MAX_PACKETS: usize = 4096;

/// How an armoured secret key begins.
const SECRET_BEGIN: &[u8] = b"-----BEGIN PGP PRIVATE KEY BLOCK-----";

/// One OpenPGP certificate: public keys, names, and what their owner signed about them.
///
/// Whether its keys may sign is not asked here but for each signature, at the signature's own time.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub(crate) cert: Cert,
}

/// Why bytes are no certificate to pin.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// More bytes than any certificate needs.
    #[error(
        "the certificate has {bytes} bytes; the limit is {MAX_CERTIFICATE_BYTES}; export it with `--export-options export-minimal`"
    )]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// More packets than any certificate needs.
    #[error(
        "the certificate has more than {MAX_PACKETS} packets; export it with `--export-options export-minimal`"
    )]
    TooManyPackets,
    /// There are secret keys in it.
    #[error(
        "this is a secret key; keep it away from here, and pin what `gpg --armor --export FINGERPRINT` gives"
    )]
    Secret,
    /// It is text, but no armoured certificate.
    #[error("not an OpenPGP certificate")]
    Armor(#[source] ArmorError),
    /// It is no certificate.
    #[error("not an OpenPGP certificate: {reason}")]
    NotACertificate {
        /// What the reader says.
        reason: String,
    },
    /// Several certificates.
    #[error(
        "there is more than one certificate; pin one alone, as `gpg --armor --export FINGERPRINT` gives it"
    )]
    Several,
}

impl Certificate {
    /// Reads exactly one certificate, armoured or binary.
    ///
    /// # Errors
    /// [`CertificateError`] if there is none, more than one, anything beside it, or a secret.
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        if bytes.len() > MAX_CERTIFICATE_BYTES {
            return Err(CertificateError::TooLarge { bytes: bytes.len() });
        }
        if bytes.trim_ascii_start().starts_with(SECRET_BEGIN) {
            return Err(CertificateError::Secret);
        }
        if armor::is_binary(bytes) {
            return parse_binary(bytes);
        }
        parse_binary(&armor::decode(bytes, Kind::Certificate).map_err(CertificateError::Armor)?)
    }

    /// The fingerprint of the primary key, which names the certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        self.cert.fingerprint().into()
    }
}

fn parse_binary(bytes: &[u8]) -> Result<Certificate, CertificateError> {
    fenced(|| read(bytes)).unwrap_or_else(|_| Err(not_a_certificate("its packets make no sense")))
}

fn read(bytes: &[u8]) -> Result<Certificate, CertificateError> {
    check_packets(bytes)?;
    let packets = packets(bytes)?;
    let mut certificates = CertParser::from(packets);
    let cert = match certificates.next() {
        Some(Ok(cert)) => cert,
        Some(Err(error)) => return Err(not_a_certificate(error.to_string())),
        None => return Err(not_a_certificate("there is none inside")),
    };
    if certificates.next().is_some() {
        return Err(CertificateError::Several);
    }
    if cert.is_tsk() {
        return Err(CertificateError::Secret);
    }
    Ok(Certificate { cert })
}

/// Refuses what the library would read over or what would keep it busy: it is asked packet by packet first.
fn check_packets(bytes: &[u8]) -> Result<(), CertificateError> {
    let mut rest = packets(bytes)?;
    let (mut count, mut primaries) = (0, 0);
    while let PacketParserResult::Some(parser) = rest {
        count += 1;
        if count > MAX_PACKETS {
            return Err(CertificateError::TooManyPackets);
        }
        match parser.packet.tag() {
            Tag::SecretKey | Tag::SecretSubkey => return Err(CertificateError::Secret),
            Tag::PublicKey if primaries == 1 => return Err(CertificateError::Several),
            Tag::PublicKey => primaries += 1,
            _ => {}
        }
        rest = parser.next().map_err(|error| not_a_certificate(error.to_string()))?.1;
    }
    Ok(())
}

fn packets(bytes: &[u8]) -> Result<PacketParserResult<'_>, CertificateError> {
    PacketParserBuilder::from_bytes(bytes)
        .and_then(|builder| builder.dearmor(Dearmor::Disabled).max_recursion_depth(0).build())
        .map_err(|error| not_a_certificate(error.to_string()))
}

fn not_a_certificate(reason: impl Into<String>) -> CertificateError {
    CertificateError::NotACertificate { reason: printable(&reason.into()) }
}
