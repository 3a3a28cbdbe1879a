//! Any bytes, offered as a proof bundle to one who knows nothing but a root: refused, or what enough organisations signed.
#![cfg_attr(fuzzing, no_main)]

use starttls_policy::Timestamp;
use starttls_trust::accept::{self, MAX_AHEAD_SECONDS, Memory};
use starttls_trust::log::ReadTiles;
use starttls_trust::{Anchor, Bundle};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

/// The root that everything in the corpus and in the folders of attacks is judged by.
const ANCHOR: &str = include_str!("../../crates/trust/tests/attacks/expired/anchor.note");

/// When everything there is judged.
const NOW: &str = "2026-11-22T00:00:00Z";

/// A mirror whose files are all missing.
struct Nothing;

impl ReadTiles for Nothing {
    fn read(&self, _path: &str) -> Result<Vec<u8>, String> {
        Err("there is no such file".into())
    }
}

/// Panics if something is accepted that should not be.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(bundle) = Bundle::parse(bytes) else { return };
    let anchor = Anchor::parse(ANCHOR.as_bytes()).expect("a root that signs itself");
    let now = Timestamp::parse(NOW).expect("a time");
    match accept::judge(&anchor, None, &bundle, &Nothing, now) {
        Err(refusal) => {
            let said = refusal.to_string();
            assert!(!said.is_empty());
            assert_eq!(starttls_policy::printable(&said), said);
        }
        Ok(judged) => {
            let role = &judged.root().roles.list;
            assert!(judged.signers().is_subset(&role.organisations));
            assert!(judged.signers().len() >= usize::try_from(role.threshold).expect("a small number"));
            assert!(judged.effective_end() > now && judged.effective_end() <= judged.statement().expires);
            assert!(now.until(judged.quorum_time()).as_secs() <= MAX_AHEAD_SECONDS);
            check_memory(&judged);
        }
    }
}

/// What is accepted once is accepted again, and what is remembered survives writing and reading.
fn check_memory(judged: &accept::Judged) {
    let memory = judged.would_remember();
    let again = Memory::parse(memory.to_text().as_bytes()).expect("what was written");
    assert_eq!(&again, memory);
}
