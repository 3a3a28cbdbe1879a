//! One TLSA record: three numbers and the association data.
//!
//! Spec: RFC 6698 §2.1.

use alloc::vec::Vec;

/// A TLSA record.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Record {
    /// What the data says of the certificate.
    pub usage: Usage,
    /// Which part of it the data is about.
    pub selector: Selector,
    /// What stands for that part.
    pub matching_type: MatchingType,
    /// The association data; it may be none that the rest asks for.
    pub data: Vec<u8>,
}

/// Certificate usage (RFC 6698 §2.1.1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Usage {
    /// 0: a public authority that must be in the chain.
    PkixTa,
    /// 1: the server's certificate, which must verify publicly too.
    PkixEe,
    /// 2: the authority that the server's certificate goes back to.
    DaneTa,
    /// 3: the server's certificate or key.
    DaneEe,
    /// Any other.
    Other(u8),
}

/// Selector (RFC 6698 §2.1.2).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Selector {
    /// 0: the whole certificate.
    Cert,
    /// 1: its public key (SubjectPublicKeyInfo).
    Spki,
    /// Any other.
    Other(u8),
}

/// Matching type (RFC 6698 §2.1.3).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum MatchingType {
    /// 0: the part itself.
    Full,
    /// 1: its SHA-256 digest.
    Sha2_256,
    /// 2: its SHA-512 digest.
    Sha2_512,
    /// Any other.
    Other(u8),
}

/// Why bytes are no TLSA record.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsaError {
    /// Fewer than the three numbers.
    #[error("a TLSA record has three numbers and the association data; this one has {bytes} bytes")]
    TooShort {
        /// Its length.
        bytes: usize,
    },
}

impl Record {
    /// Reads the record's data as it comes over the wire.
    ///
    /// Numbers without a meaning and data of a wrong length are read all the same: they make the record unusable, not absent.
    ///
    /// # Errors
    /// [`TlsaError::TooShort`] where one of the three numbers is missing; whoever has an RRset counts it as unusable too.
    pub fn parse(rdata: &[u8]) -> Result<Self, TlsaError> {
        let [usage, selector, matching_type, data @ ..] = rdata else {
            return Err(TlsaError::TooShort { bytes: rdata.len() });
        };
        Ok(Self {
            usage: Usage::from(*usage),
            selector: Selector::from(*selector),
            matching_type: MatchingType::from(*matching_type),
            data: data.into(),
        })
    }
}

impl From<u8> for Usage {
    fn from(number: u8) -> Self {
        match number {
            0 => Self::PkixTa,
            1 => Self::PkixEe,
            2 => Self::DaneTa,
            3 => Self::DaneEe,
            other => Self::Other(other),
        }
    }
}

impl From<u8> for Selector {
    fn from(number: u8) -> Self {
        match number {
            0 => Self::Cert,
            1 => Self::Spki,
            other => Self::Other(other),
        }
    }
}

impl From<u8> for MatchingType {
    fn from(number: u8) -> Self {
        match number {
            0 => Self::Full,
            1 => Self::Sha2_256,
            2 => Self::Sha2_512,
            other => Self::Other(other),
        }
    }
}

#[cfg(test)]
mod rfc6698_section_2_1 {
    use super::*;

    #[test]
    fn record_is_three_numbers_and_data() {
        let record = Record::parse(&[3, 1, 1, 0xab, 0xcd]).unwrap();
        assert_eq!((record.usage, record.selector), (Usage::DaneEe, Selector::Spki));
        assert_eq!((record.matching_type, record.data), (MatchingType::Sha2_256, vec![0xab, 0xcd]));
        assert_eq!(Record::parse(&[255, 7, 9]).unwrap().usage, Usage::Other(255), "private use");
    }

    #[test]
    fn fewer_than_three_numbers_are_none() {
        for rdata in [&[][..], &[3], &[3, 1]] {
            assert_eq!(Record::parse(rdata), Err(TlsaError::TooShort { bytes: rdata.len() }));
        }
    }
}
