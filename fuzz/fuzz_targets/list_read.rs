//! Any bytes, read as a policy list: a clear error, or a list that keeps its promises and survives a round trip.
#![cfg_attr(fuzzing, no_main)]

use starttls_policy::read::{self, ReadError};
use starttls_policy::write::{self, WriteError};
use starttls_policy::{Dialect, List, Mode};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

/// Panics if the reader or a writer breaks a promise.
pub(crate) fn check(bytes: &[u8]) {
    match read::list(bytes) {
        Err(error) => check_error(&error),
        Ok(list) => {
            check_invariants(&list);
            check_round_trip(&list);
        }
    }
}

fn check_error(error: &ReadError) {
    assert!(error.line >= 1 && error.column >= 1);
    assert!(error.excerpt.text.chars().count() <= 1024, "{}", error.excerpt.text.len());
    for shown in [error.to_string(), error.path.to_string(), error.excerpt.text.clone()] {
        assert_eq!(starttls_policy::printable(&shown), shown);
    }
}

fn check_invariants(list: &List) {
    assert!(list.entries.is_sorted_by(|one, next| one.domain < next.domain));
    assert!(list.aliases.is_sorted_by(|one, next| one.name < next.name));
    assert_eq!(list.iter().count(), list.entries.len(), "a reference leads nowhere");
    let shared = list.aliases.iter().map(|alias| &alias.policy);
    for policy in list.iter().map(|listed| listed.policy).chain(shared) {
        assert!(policy.mode == Mode::None || !policy.mx.is_empty());
        assert!(policy.mx.len() <= read::MAX_MX_PATTERNS);
        policy.mx.iter().for_each(|pattern| check_name(pattern.name()));
        if let Some(pinset) = &policy.pinset {
            assert_eq!(list.pinsets.get(&pinset.name), Some(pinset));
            assert!(pinset.pins.len() <= read::MAX_PINS && pinset.bad.len() <= read::MAX_PINS);
        }
    }
    for listed in list.iter() {
        check_name(listed.domain.as_str());
        assert_eq!(list.get(listed.domain).map(|found| found.domain), Some(listed.domain));
    }
}

fn check_name(name: &str) {
    assert!(name.len() <= 253 && name.contains('.'));
    assert!(name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.')), "{name:?}");
}

fn check_round_trip(list: &List) {
    let mut text = String::new();
    match write::one(list, &mut text) {
        Ok(()) => {
            let again = read_again(&text);
            assert_eq!((&again.pinsets, &again.pinset_extensions), (&list.pinsets, &list.pinset_extensions));
            assert_eq!((&again.aliases, &again.entries), (&list.aliases, &list.entries));
            assert_eq!((again.head.serial, &again.head.author), (list.head.serial, &list.head.author));
            let mut twice = String::new();
            write::one(&again, &mut twice).expect("what was written once");
            assert_eq!(text, twice);
        }
        // Older lists may lack what version 1 must have; nothing was written then.
        Err(WriteError::MissingHead { .. } | WriteError::NoBackupPin { .. }) => {
            assert!(list.head.dialect != Dialect::One && text.is_empty());
        }
        Err(other) => panic!("{other}"),
    }
    let mut text = String::new();
    if write::eff(list, &mut text).is_ok() {
        let again = read_again(&text);
        assert!(again.iter().map(|listed| listed.policy).eq(list.iter().map(|listed| listed.policy)));
    }
}

fn read_again(text: &str) -> List {
    read::list(text.as_bytes()).unwrap_or_else(|error| panic!("{error} at {} of {text}", error.path))
}
