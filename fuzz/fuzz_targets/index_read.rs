//! Any bytes, taken for a compiled list: an error, or entries that keep their types' promises; and a compiled list with
//! damage, which never says anything else than the whole one.
#![cfg_attr(fuzzing, no_main)]

use starttls_policy::index::{self, Index};
use starttls_policy::lookup::Found;
use starttls_policy::{Domain, Mode, read};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

/// Panics if the reader breaks a promise.
pub(crate) fn check(bytes: &[u8]) {
    if let Ok(index) = Index::parse(bytes) {
        check_entries(&index);
    }
    // Two bytes of place, one that is flipped there, then a list.
    if let [low, high, flip, list @ ..] = bytes
        && let Ok(list) = read::list(list)
    {
        let whole = index::build(&list, 1, [0; 32]).expect("a list stands in order");
        let mut damaged = whole.clone();
        let at = usize::from(u16::from_le_bytes([*low, *high])) % whole.len();
        damaged[at] ^= flip;
        let Ok(index) = Index::parse(&damaged) else { return };
        check_entries(&index);
        for listed in list.iter() {
            if let Ok(found) = index.get(listed.domain) {
                assert_eq!(found, Some(Found::from(listed)));
            }
        }
    }
}

fn check_entries(index: &Index<impl AsRef<[u8]>>) {
    let whole = index.check();
    for found in index {
        let Ok(found) = found else {
            assert!(whole.is_err());
            return;
        };
        check_name(found.domain.as_str());
        assert!(found.policy.mode == Mode::None || !found.policy.mx.is_empty());
        found.policy.mx.iter().for_each(|pattern| check_name(pattern.name()));
        if whole.is_ok() {
            assert_eq!(index.get(&found.domain), Ok(Some(found)));
        }
    }
    let stranger = Domain::parse("stranger.example").expect("a domain");
    let _ = index.get(&stranger);
}

fn check_name(name: &str) {
    assert!(name.len() <= 253 && name.contains('.'));
    assert!(name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.')), "{name:?}");
}
