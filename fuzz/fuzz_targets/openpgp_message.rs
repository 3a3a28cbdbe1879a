//! Any bytes, taken for a certificate, a signature and a clearsigned message: an error in words, or exactly what was signed.
#![cfg_attr(fuzzing, no_main)]

use starttls_openpgp::{Certificate, VerifyError};
use starttls_policy::{Timestamp, printable};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

macro_rules! data {
    ($file:literal) => {
        include_bytes!(concat!("../../crates/openpgp/tests/data/", $file))
    };
}

/// The key behind the seeds, and all that it ever signed.
const CERTIFICATE: &[u8] = data!("good-clearsigned/certificate");
const TEXTS: [&[u8]; 2] = [data!("good-clearsigned/text"), data!("good-escaped/text")];
const DATA: &[u8] = data!("good-detached/data");

/// Panics if a promise is broken. A panic of the library is an error to callers, yet it ends a fuzzer's run all the same.
pub(crate) fn check(bytes: &[u8]) {
    let now = Timestamp::from_seconds(1_795_305_600).expect("in range");
    if let Err(error) = Certificate::parse(bytes) {
        check_words(&error);
    }
    let pinned = Certificate::parse(CERTIFICATE).expect("a good certificate");
    match pinned.verify_clearsigned(bytes, now) {
        Ok(message) => assert!(TEXTS.contains(&message.text.as_slice()), "{:?}", message.text),
        Err(error) => check_refusal(&error),
    }
    match pinned.verify_detached(DATA, bytes, now) {
        Ok(verified) => assert_eq!(verified.certificate, pinned.fingerprint()),
        Err(error) => check_refusal(&error),
    }
    let other = [DATA, b" "].concat();
    assert!(pinned.verify_detached(&other, bytes, now).is_err());
}

fn check_refusal(error: &VerifyError) {
    assert_ne!(*error, VerifyError::Stumbled);
    check_words(error);
}

/// What is shown cannot steer a terminal, and is not a page long.
fn check_words(error: &dyn std::error::Error) {
    for part in std::iter::successors(Some(error), |error| (*error).source()) {
        let shown = part.to_string();
        assert_eq!(printable(&shown), shown);
        assert!(shown.len() < 1000, "{shown}");
    }
}
