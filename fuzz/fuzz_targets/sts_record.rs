//! Any bytes, each line one TXT record: no MTA-STS policy, an error in clean words, or an `id` of letters and digits.
#![cfg_attr(fuzzing, no_main)]

use starttls_proto::mta_sts::{MAX_ID_CHARS, Record};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

/// Panics if the reader breaks a promise.
pub(crate) fn check(bytes: &[u8]) {
    match Record::select(bytes.split(|&byte| byte == b'\n')) {
        Ok(None) => {}
        Err(error) => assert!(!error.to_string().chars().any(char::is_control)),
        Ok(Some(record)) => {
            assert!((1..=MAX_ID_CHARS).contains(&record.id.len()));
            assert!(record.id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            let plain = format!("v=STSv1; id={}", record.id);
            assert_eq!(Record::select([plain.as_bytes()].into_iter()), Ok(Some(record)));
        }
    }
}
