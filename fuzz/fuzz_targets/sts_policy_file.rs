//! Any bytes, read as an MTA-STS policy file: an error that cannot steer a terminal, or a policy that is no wider than its text.
#![cfg_attr(fuzzing, no_main)]

use std::error::Error;

use starttls_policy::{Mode, Reach};
use starttls_proto::mta_sts::{MAX_AGE_LIMIT, MAX_PATTERNS, PolicyFile};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

/// Panics if the reader breaks a promise.
pub(crate) fn check(bytes: &[u8]) {
    let file = match PolicyFile::parse(bytes) {
        Ok(file) => file,
        Err(error) => {
            let cause = error.source().map(ToString::to_string).unwrap_or_default();
            return assert!(!format!("{error}{cause}").chars().any(char::is_control), "{error:?}");
        }
    };
    assert!(file.mode == Mode::None || !file.mx.is_empty(), "a policy without hosts");
    assert!(file.mx.len() <= MAX_PATTERNS && file.max_age <= MAX_AGE_LIMIT);
    assert!(file.mx.iter().all(|pattern| pattern.reach() != Reach::AnyDepth), "wider than any text can say");
    let mut plain = format!("version: STSv1\nmode: {}\nmax_age: {}\n", file.mode, file.max_age.as_secs());
    plain.extend(file.mx.iter().map(|pattern| format!("mx: {pattern}\n")));
    assert_eq!(PolicyFile::parse(plain.as_bytes()), Ok(file));
}
