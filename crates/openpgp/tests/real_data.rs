//! EFF's last list with its signature, where the files are at hand: `data/lists` in the folder `shared` beside the checkout.

use std::path::Path;

use starttls_openpgp::{Certificate, VerifyError};
use starttls_policy::Timestamp;

/// The list, its signature and the authority's certificate; `None`, and a note, where they are not.
fn lists() -> Option<[Vec<u8>; 3]> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lists");
    let files = ["eff-2020-05-20.json", "eff-2020-05-20.json.asc", "eff-authority.pgp"];
    let read = files.map(|file| std::fs::read(folder.join(file)).ok());
    if read.iter().any(Option::is_none) {
        println!("skipped: {} is not there", folder.display());
    }
    let [list, signature, certificate] = read;
    Some([list?, signature?, certificate?])
}

#[test]
fn the_last_list_of_eff_is_signed_by_its_signing_subkey() {
    let Some([list, signature, certificate]) = lists() else { return };
    let certificate = Certificate::parse(&certificate).unwrap();
    assert_eq!(certificate.fingerprint().to_string(), "B693F33372E965D76D55368616EEA65D03326C9D");
    for now in ["2020-05-21T00:00:00Z", "2026-11-22T00:00:00Z"] {
        let now = Timestamp::parse(now).unwrap();
        let verified = certificate.verify_detached(&list, &signature, now).unwrap();
        assert_eq!(verified.certificate, certificate.fingerprint());
        assert_eq!(verified.key.to_string(), "2C319DE47066C200DFDC4D6B842AEA40C5BCD6E1");
        assert_eq!(verified.signed_at.to_string(), "2020-05-20T17:25:12Z");
        let tampered = String::from_utf8(list.clone()).unwrap().replacen("enforce", "testing", 1);
        let error = certificate.verify_detached(tampered.as_bytes(), &signature, now).unwrap_err();
        assert!(matches!(error, VerifyError::Tampered { .. }), "{error}");
    }
}
