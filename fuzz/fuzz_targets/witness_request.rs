//! Any bytes, sent to a witness: a refusal, or a cosignature of a tree that continues the one it saw.
//!
//! What is sent gets a good signature first, since no fuzzer would find one and nothing behind it would be reached.
#![cfg_attr(fuzzing, no_main)]

use starttls_policy::Timestamp;
use starttls_trust::bundle::Node;
use starttls_trust::log::witness::{KnownLogs, Outcome, Request, Witness, read_reply};
use starttls_trust::log::{Checkpoint, TreeHead, verify_consistency};
use starttls_trust::{Algorithm, SignedNote, SigningKey};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

/// Panics if the witness breaks a promise.
pub(crate) fn check(bytes: &[u8]) {
    let cosigner = SigningKey::from_seed("w.example", Algorithm::Cosignature, &[2; 32]).unwrap();
    let nobody = Witness::new(cosigner.clone(), KnownLogs::default()).unwrap();
    assert!(nobody.admit(bytes).is_err(), "no log is known");
    let Ok(request) = Request::parse(bytes) else { return };
    assert_eq!(Request::parse(&request.to_bytes()).as_ref(), Ok(&request));
    let origin = request.checkpoint.text().lines().next().unwrap_or_default();
    let Ok(log) = SigningKey::from_seed(origin, Algorithm::Ed25519, &[1; 32]) else { return };
    let known = KnownLogs::parse(&format!("log {}\n", log.public()));
    let witness = Witness::new(cosigner, known.unwrap()).unwrap();
    let signed = SignedNote::unsigned(request.checkpoint.text()).unwrap().signed_by(&log);
    let signed = Request { checkpoint: signed, ..request };
    // The tree offered is the one seen again where the sizes are the same.
    let offered =
        Checkpoint::parse(signed.checkpoint.text()).map_or(TreeHead::EMPTY.hash, |offered| offered.hash);
    let first = signed.proof.first().copied().unwrap_or(Node([7; 32]));
    for (size, hash) in [(0, TreeHead::EMPTY.hash), (signed.old_size, offered), (signed.old_size, first)] {
        answer(&witness, &signed, TreeHead { size, hash });
    }
}

fn answer(witness: &Witness, request: &Request, seen: TreeHead) {
    let now = Timestamp::from_seconds(1_800_000_000).unwrap();
    let admitted = match witness.admit(&request.to_bytes()) {
        Ok(admitted) => admitted,
        Err(refusal) => return assert!((400..500).contains(&refusal.reply().status)),
    };
    let cosigned = match admitted.cosign(seen, now) {
        Ok(cosigned) => cosigned,
        Err(refusal) => return assert!((400..500).contains(&refusal.reply().status)),
    };
    let kept = witness.recall(&cosigned.note).expect("it was cosigned here").1;
    assert_eq!(verify_consistency(seen, kept, &request.proof), Ok(()));
    let outcome = read_reply(&cosigned.reply, &request.checkpoint, witness.key(), now).unwrap();
    assert!(matches!(outcome, Outcome::Cosigned(_, time) if time == now));
    if let Ok(checkpoint) = Checkpoint::parse(request.checkpoint.text()) {
        assert_eq!(checkpoint.head(), kept);
    }
}
