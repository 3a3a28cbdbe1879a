//! Any bytes, read as a signed checkpoint: a clear error, or what reads as it writes.
#![cfg_attr(fuzzing, no_main)]

use starttls_trust::SignedNote;
use starttls_trust::log::Checkpoint;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

/// Panics if the reader breaks a promise.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(note) = SignedNote::parse(bytes) else { return };
    assert_eq!(SignedNote::parse(&note.to_bytes()).as_ref(), Ok(&note));
    if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
        assert_eq!(checkpoint.to_text(), note.text());
        assert!(!checkpoint.origin.is_empty() && !checkpoint.origin.contains('\n'));
    }
}
