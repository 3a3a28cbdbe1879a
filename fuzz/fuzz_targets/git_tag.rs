//! Any bytes, read as a git tag: an error in words, or a tag whose parts are the bytes.
#![cfg_attr(fuzzing, no_main)]

use starttls_policy::printable;
use starttls_trust::GitTag;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

/// Panics if the reader breaks a promise.
pub(crate) fn check(bytes: &[u8]) {
    match GitTag::parse(bytes, "v42") {
        Ok(tag) => {
            assert_eq!(tag.name, "v42");
            assert_eq!([tag.payload, tag.signature].concat(), bytes);
            assert!(tag.signature.starts_with(b"-----BEGIN PGP SIGNATURE-----"));
            let lines = || tag.payload.split(|byte| *byte == b'\n');
            assert!(!lines().any(|line| line.starts_with(b"-----BEGIN PGP")));
            assert_eq!(lines().filter(|line| *line == b"tag v42").take(1).count(), 1);
        }
        Err(error) => {
            let shown = error.to_string();
            assert_eq!(printable(&shown), shown);
            assert!(shown.len() < 1000, "{shown}");
        }
    }
}
