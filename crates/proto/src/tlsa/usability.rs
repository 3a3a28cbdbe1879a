//! Whether a TLSA record is any use for SMTP, and what a whole RRset comes to.
//!
//! Spec: RFC 7672 §2.2 (an RRset), §3.1 (usages), RFC 6698 §2.1.3 (digests); RFC 7671 §5 names what has to fit.

use core::fmt;

use starttls_policy::decide::evidence::Tlsa;

use super::der;
use super::record::{MatchingType, Record, Selector, Usage};

/// Whether a record may be used for SMTP between servers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Usability {
    /// It may.
    Usable,
    /// It may not; that it is there still asks for encryption.
    Unusable(Unusable),
}

/// Why a record is of no use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unusable {
    /// Its usage is neither DANE-TA nor DANE-EE (RFC 7672 §3.1.3).
    Usage,
    /// Its selector has no meaning.
    Selector,
    /// Its matching type has no meaning.
    MatchingType,
    /// Its data has not the length of the digest.
    DigestLength,
    /// Its data is not built like a certificate.
    NotACertificate,
    /// Its data is not built like a public key.
    NotAKey,
}

impl Record {
    /// Tells whether the record may be used for SMTP.
    ///
    /// Data of matching type 0 is looked at as what the selector says: a certificate for 0, a public key for 1. Only how it is
    /// built counts; whether it is a good one, and the server's, is for the handshake to show.
    pub fn usability(&self) -> Usability {
        let fault = match (self.usage, self.selector, self.matching_type) {
            (Usage::PkixTa | Usage::PkixEe | Usage::Other(_), ..) => Some(Unusable::Usage),
            (_, Selector::Other(_), _) => Some(Unusable::Selector),
            (.., MatchingType::Other(_)) => Some(Unusable::MatchingType),
            (.., MatchingType::Sha2_256) => self.digest_fault(32),
            (.., MatchingType::Sha2_512) => self.digest_fault(64),
            (_, Selector::Cert, MatchingType::Full) => {
                (!der::is_certificate(&self.data)).then_some(Unusable::NotACertificate)
            }
            (_, Selector::Spki, MatchingType::Full) => {
                (!der::is_public_key(&self.data)).then_some(Unusable::NotAKey)
            }
        };
        fault.map_or(Usability::Usable, Usability::Unusable)
    }

    fn digest_fault(&self, bytes: usize) -> Option<Unusable> {
        (self.data.len() != bytes).then_some(Unusable::DigestLength)
    }
}

/// What the secure RRset of a host comes to: usable if any record is, absent if there is none.
pub fn state<'a>(records: impl IntoIterator<Item = &'a Record>) -> Tlsa {
    combined(records.into_iter().map(Record::usability))
}

/// The same from the records' data as it comes over the wire: what cannot be read is there, and unusable.
pub fn state_of_rdata<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> Tlsa {
    let usability = |rdata| {
        Record::parse(rdata).map_or(Usability::Unusable(Unusable::Usage), |record| record.usability())
    };
    combined(records.into_iter().map(usability))
}

fn combined(records: impl Iterator<Item = Usability>) -> Tlsa {
    records.fold(Tlsa::Absent, |state, usability| match (state, usability) {
        (Tlsa::Usable, _) | (_, Usability::Usable) => Tlsa::Usable,
        _ => Tlsa::Unusable,
    })
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Usage => "its usage is neither DANE-TA(2) nor DANE-EE(3)",
            Self::Selector => "its selector has no meaning",
            Self::MatchingType => "its matching type has no meaning",
            Self::DigestLength => "its data has not the length of the digest",
            Self::NotACertificate => "its data is no certificate",
            Self::NotAKey => "its data is no public key",
        })
    }
}

#[cfg(test)]
mod rfc7672_section_3_1 {
    use super::*;

    /// An Ed25519 key (RFC 8410 §10.1).
    const KEY: [u8; 44] = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00, 0x19, 0xbf, 0x44, 0x09, 0x69,
        0x84, 0xcd, 0xfe, 0x85, 0x41, 0xba, 0xc1, 0x67, 0xdc, 0x3b, 0x96, 0xc8, 0x50, 0x86, 0xaa, 0x30, 0xb6,
        0xb6, 0xcb, 0x0c, 0x5c, 0x38, 0xad, 0x70, 0x31, 0x66, 0xe1,
    ];

    /// Built like a certificate: `SEQUENCE { SEQUENCE { INTEGER 1 }, SEQUENCE { OID }, BIT STRING }`.
    const CERTIFICATE: [u8; 16] = [0x30, 0x0e, 0x30, 0x03, 2, 1, 1, 0x30, 0x03, 6, 1, 0x2a, 0x03, 0x02, 0, 1];

    fn rdata(usage: u8, selector: u8, matching_type: u8, data: &[u8]) -> Vec<u8> {
        [&[usage, selector, matching_type], data].concat()
    }

    fn usability(usage: u8, selector: u8, matching_type: u8, data: &[u8]) -> Usability {
        Record::parse(&rdata(usage, selector, matching_type, data)).unwrap().usability()
    }

    #[test]
    fn dane_ta_and_dane_ee_are_usable() {
        for usage in [2, 3] {
            for selector in [0, 1] {
                assert_eq!(usability(usage, selector, 1, &[7; 32]), Usability::Usable);
                assert_eq!(usability(usage, selector, 2, &[7; 64]), Usability::Usable);
            }
            assert_eq!(usability(usage, 0, 0, &CERTIFICATE), Usability::Usable);
            assert_eq!(usability(usage, 1, 0, &KEY), Usability::Usable);
        }
    }

    #[test]
    fn pkix_ta_and_pkix_ee_are_unusable() {
        for usage in [0, 1, 4, 254, 255] {
            assert_eq!(usability(usage, 1, 1, &[7; 32]), Usability::Unusable(Unusable::Usage));
        }
    }

    #[test]
    fn numbers_without_meaning_are_unusable() {
        for number in [2, 3, 254, 255] {
            assert_eq!(usability(3, number, 1, &[7; 32]), Usability::Unusable(Unusable::Selector));
        }
        for number in [3, 4, 254, 255] {
            assert_eq!(usability(3, 1, number, &[7; 32]), Usability::Unusable(Unusable::MatchingType));
        }
    }

    #[test]
    fn digests_have_their_length() {
        for bytes in [0, 1, 20, 31, 33, 48, 64, 60_000] {
            assert_eq!(usability(3, 1, 1, &vec![7; bytes]), Usability::Unusable(Unusable::DigestLength));
        }
        for bytes in [0, 32, 63, 65] {
            assert_eq!(usability(2, 0, 2, &vec![7; bytes]), Usability::Unusable(Unusable::DigestLength));
        }
    }

    #[test]
    fn full_data_of_selector_1_is_a_key_and_no_certificate() {
        assert_eq!(usability(3, 1, 0, &KEY), Usability::Usable);
        assert_eq!(usability(2, 1, 0, &KEY), Usability::Usable);
        assert_eq!(usability(3, 1, 0, &CERTIFICATE), Usability::Unusable(Unusable::NotAKey));
    }

    #[test]
    fn full_data_of_selector_0_is_a_certificate_and_no_key() {
        assert_eq!(usability(2, 0, 0, &CERTIFICATE), Usability::Usable);
        assert_eq!(usability(2, 0, 0, &KEY), Usability::Unusable(Unusable::NotACertificate));
    }

    #[test]
    fn full_data_is_whole() {
        for data in [&[][..], &KEY[..43], &[&KEY[..], &[0]].concat(), &[7; 32], b"-----BEGIN PUBLIC KEY-----"]
        {
            assert_eq!(usability(3, 1, 0, data), Usability::Unusable(Unusable::NotAKey), "{data:02x?}");
            assert_eq!(
                usability(3, 0, 0, data),
                Usability::Unusable(Unusable::NotACertificate),
                "{data:02x?}"
            );
        }
    }

    mod rfc7672_section_2_2 {
        use super::*;

        #[test]
        fn one_usable_record_is_enough() {
            let (good, bad) = (rdata(3, 1, 1, &[7; 32]), rdata(0, 1, 1, &[7; 32]));
            for records in [vec![&good], vec![&bad, &good], vec![&good, &bad], vec![&bad, &bad, &good, &bad]]
            {
                assert_eq!(state_of_rdata(records.iter().map(|rdata| rdata.as_slice())), Tlsa::Usable);
                let records: Vec<_> =
                    records.into_iter().map(|rdata| Record::parse(rdata).unwrap()).collect();
                assert_eq!(state(&records), Tlsa::Usable);
            }
        }

        #[test]
        fn unusable_records_are_there_all_the_same() {
            assert_eq!(state(&[Record::parse(&[1, 1, 1, 7]).unwrap()]), Tlsa::Unusable);
            assert_eq!(state_of_rdata([&[3_u8, 1][..]]), Tlsa::Unusable, "cut off");
            assert_eq!(state_of_rdata([&[][..]]), Tlsa::Unusable, "empty");
        }

        #[test]
        fn no_record_is_absent() {
            assert_eq!(state([]), Tlsa::Absent);
            assert_eq!(state_of_rdata([]), Tlsa::Absent);
        }
    }

    proptest::proptest! {
        #[test]
        fn usable_records_are_of_dane_and_hold_something(
            rdata in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..70), usage in 0..5_u8, matching_type in 0..4_u8
        ) {
            let rdata = [&[usage, 1, matching_type], &rdata[..]].concat();
            let record = Record::parse(&rdata).unwrap();
            if record.usability() == Usability::Usable {
                proptest::prop_assert!(matches!(record.usage, Usage::DaneTa | Usage::DaneEe) && record.data.len() >= 10);
            }
            proptest::prop_assert_ne!(state(&[record]), Tlsa::Absent);
        }
    }
}
