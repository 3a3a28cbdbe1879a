//! Who may sign what, and what is shown of it.
use super::*;
use starttls_policy::Timestamp;
use starttls_trust::document::{Leaf, LeafKind};
use starttls_trust::{Digest, SigningKey};

use crate::root::Template;

fn key(seed: u8, algorithm: Algorithm) -> SigningKey {
    SigningKey::from_seed(&format!("{seed}.example"), algorithm, &[seed; 32]).unwrap()
}

fn file(seed: u8, purpose: Option<Purpose>) -> KeyFile {
    let algorithm =
        if purpose == Some(Purpose::Witness) { Algorithm::Cosignature } else { Algorithm::Ed25519 };
    KeyFile { key: key(seed, algorithm), purpose }
}

/// Alpha (1) and beta (2) sign lists, gamma (5) relaxes; the log's key is 3, a witness's 4.
fn root() -> Root {
    let of = |seed| key(seed, Algorithm::Ed25519).public().to_string();
    let text = format!(
        r#"{{"organisations": {{"alpha": {{"keys": ["{}"]}}, "beta": {{"keys": ["{}"]}}, "gamma": {{"keys": ["{}"]}}}},
        "roles": {{"root": {{"threshold": 2, "organisations": ["alpha", "beta"]}},
            "list": {{"threshold": 2, "organisations": ["alpha", "beta"]}}, "relax": {{"threshold": 1}}}},
        "log": {{"key": "{}"}}, "quorum": 1,
        "witnesses": [{{"organisation": "delta", "key": "{}", "url": "https://w.example/"}}]}}"#,
        of(1),
        of(2),
        of(5),
        of(3),
        key(4, Algorithm::Cosignature).public()
    );
    crate::root::first(&Template::parse(&text).unwrap(), time("2026-11-22T00:00:00Z")).unwrap()
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn statement() -> Document {
    let text = r#"{"type": "starttls-everywhere/list/v1", "root": 1, "author": "A\u202eB", "serial": 43,
        "timestamp": "2026-12-01T00:00:00Z", "expires": "2027-01-01T00:00:00Z", "entries": 5, "size": 100,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "previous": null,
        "changes": {"added": 5, "removed": 0, "tightened": 0, "relaxed": 0, "changed": 0}}"#;
    Document::parse(text).unwrap()
}

fn order(organisation: &str) -> Document {
    let text = format!(
        r#"{{"type": "starttls-everywhere/relax/v1", "organisation": "{organisation}", "timestamp": "2026-12-01T00:00:00Z",
        "expires": "2026-12-08T00:00:00Z", "reason": "certificate lost", "domains": ["a.example"], "providers": ["big"]}}"#
    );
    Document::parse(&text).unwrap()
}

fn note(document: &Document) -> NoteFile {
    let note = SignedNote::unsigned(&document.to_text()).unwrap();
    NoteFile { note, document: document.clone() }
}

mod lists {
    use super::*;

    #[test]
    fn are_signed_by_organisations_that_may() {
        let root = root();
        let alpha = file(1, Some(Purpose::Organisation));
        assert_eq!(permitted(&statement(), &alpha, Some(&root)).unwrap().as_deref(), Some("alpha"));
        let signed = sign(note(&statement()), &alpha, Some(&root)).unwrap();
        assert_eq!(signed.signers(&[alpha.key.public()]).unwrap().len(), 1);
        let gamma = permitted(&statement(), &file(5, None), Some(&root)).unwrap_err();
        assert!(matches!(gamma, SigningError::WrongRole { .. }), "{gamma}");
        let stranger = permitted(&statement(), &file(9, None), Some(&root)).unwrap_err();
        assert!(matches!(stranger, SigningError::UnknownKey { version: 1, .. }), "{stranger}");
    }

    #[test]
    fn are_never_signed_by_log_or_witness() {
        let root = root();
        for current in [None, Some(&root)] {
            let log = permitted(&statement(), &file(3, Some(Purpose::Log)), current).unwrap_err();
            assert!(matches!(log, SigningError::LogKey { .. }), "{log}");
            let witness = permitted(&statement(), &file(4, Some(Purpose::Witness)), current).unwrap_err();
            assert!(matches!(witness, SigningError::WitnessKey { .. }), "{witness}");
        }
        // Even if the file does not say so.
        let log = permitted(&statement(), &file(3, None), Some(&root)).unwrap_err();
        assert!(matches!(log, SigningError::LogKey { .. }), "{log}");
    }

    #[test]
    fn are_shown_with_all_that_is_signed() {
        let explained = explain(&statement(), None).unwrap();
        assert_eq!((explained.confirmation.as_str(), explained.confirmation_name), ("43", "serial"));
        let fact = |name| &explained.facts.iter().find(|(is, _)| *is == name).unwrap().1;
        assert_eq!(fact("expires"), "2027-01-01T00:00:00Z (31 days)");
        assert_eq!(fact("changes"), "5 added");
        assert!(!fact("author").contains('\u{202e}'));
    }

    #[test]
    fn that_were_changed_after_signing_are_refused() {
        let alpha = file(1, None);
        let signed = sign(note(&statement()), &alpha, None).unwrap().to_string();
        let changed = SignedNote::parse(signed.replace("43", "44").as_bytes()).unwrap();
        let changed = NoteFile { document: Document::parse(changed.text()).unwrap(), note: changed };
        let error = sign(changed, &alpha, None).unwrap_err();
        assert!(matches!(error, SigningError::Note(_)), "{error}");
    }
}

mod roots {
    use super::*;

    #[test]
    fn are_signed_by_those_of_the_old_and_of_the_new_one() {
        let old = root();
        let mut new = old.clone();
        new.version = 2;
        let moved = new.organisations.get_mut("beta").unwrap();
        moved.keys = vec![key(8, Algorithm::Ed25519).public().clone()];
        let document = Document::from(new);
        for seed in [1, 2, 8] {
            assert!(permitted(&document, &file(seed, None), Some(&old)).is_ok(), "{seed}");
        }
        assert!(permitted(&document, &file(3, None), Some(&old)).is_err());
        assert!(permitted(&document, &file(3, None), None).is_err());
        let explained = explain(&document, Some(&old)).unwrap();
        let changes: Vec<_> = explained.facts.iter().filter(|(name, _)| *name == "CHANGES").collect();
        assert_eq!(changes.len(), 2, "{changes:?}");
    }
}

mod relax {
    use super::*;

    #[test]
    fn orders_name_what_they_weaken() {
        let explained = explain(&order("gamma"), None).unwrap();
        assert!(explained.facts.contains(&("domain", "a.example".into())));
        assert!(explained.facts.contains(&("all domains of", "big".into())));
        assert_eq!(explained.confirmation, "gamma");
        assert!(permitted(&order("gamma"), &file(5, None), Some(&root())).is_ok());
    }
}

mod other_documents {
    use super::*;

    #[test]
    fn are_refused() {
        let leaf = Document::from(Leaf { kind: LeafKind::List, sha256: Digest::of(b"") });
        let error = sign(note(&leaf), &file(1, None), None).unwrap_err();
        assert_eq!(error, SigningError::NotSigned { type_name: "starttls-everywhere/leaf/v1" });
    }
}
