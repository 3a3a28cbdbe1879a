//! Any bytes, read as a TLSA record: never absent, and usable only where it is of DANE and its data fits.
#![cfg_attr(fuzzing, no_main)]

use starttls_policy::decide::evidence::Tlsa;
use starttls_proto::tlsa::{MatchingType, Record, Usability, Usage, state, state_of_rdata};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

/// Panics if the reader breaks a promise.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(record) = Record::parse(bytes) else {
        assert!(bytes.len() < 3);
        return assert_eq!(state_of_rdata([bytes]), Tlsa::Unusable);
    };
    assert_eq!(record.data, &bytes[3..]);
    let is_usable = record.usability() == Usability::Usable;
    assert_eq!(state([&record]), if is_usable { Tlsa::Usable } else { Tlsa::Unusable });
    assert_eq!(state([&record]), state_of_rdata([bytes]));
    if is_usable {
        assert!(matches!(record.usage, Usage::DaneTa | Usage::DaneEe));
        let fits = match record.matching_type {
            MatchingType::Full => record.data.first() == Some(&0x30),
            MatchingType::Sha2_256 => record.data.len() == 32,
            MatchingType::Sha2_512 => record.data.len() == 64,
            MatchingType::Other(_) => false,
        };
        assert!(fits, "{record:?}");
    }
}
