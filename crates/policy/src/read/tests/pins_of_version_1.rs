//! Pins of version 1.

use super::*;
use crate::{Pin, Spki};

#[test]
fn have_a_backup_that_is_another_key() {
    let hash = Pin::Sha256(Spki::parse(KEY_1).unwrap().sha256()).to_string();
    let text = one(&format!(
        r#""policies": {{}}, "pinsets": {{"p": {{"kind": "leaf", "spki": ["{KEY_1}"], "static_spki_hashes": ["{hash}"]}}}}"#
    ));
    assert!(matches!(refused(&text).fault, Fault::DuplicateValue { .. }));
}

#[test]
fn are_64_at_most() {
    let hashes = |count| hashes(count).join(", ");
    let set = |good, bad| {
        one(&format!(
            r#""policies": {{}}, "pinsets": {{"p": {{"kind": "leaf", "static_spki_hashes": [{}], "bad_static_spki_hashes": [{}]}}}}"#,
            hashes(good),
            hashes(bad)
        ))
    };
    read(&set(64, 64));
    assert_eq!(refused(&set(65, 0)).fault, Fault::TooManyPins);
    let error = refused(&set(64, 40_000));
    assert_eq!(
        (error.fault, error.path.to_string().as_str()),
        (Fault::TooManyPins, "$.pinsets.p.bad_static_spki_hashes[64]")
    );
    let keyed = set(64, 0).replace("\"static", &format!("\"spki\": [\"{KEY_1}\"], \"static"));
    assert_eq!(refused(&keyed).fault, Fault::TooManyPins, "keys and hashes count together");
}
