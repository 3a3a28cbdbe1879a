use std::string::String;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

macro_rules! data {
    ($file:literal) => {
        include_bytes!(concat!("../../tests/data/git_tag/", $file))
    };
}

const GOOD: &[u8] = data!("good");

/// The good tag with some text in place of other text.
fn changed(from: &str, to: &str) -> Vec<u8> {
    let good = str::from_utf8(GOOD).unwrap();
    assert!(good.contains(from), "{from}");
    good.replacen(from, to, 1).into_bytes()
}

fn refusal(bytes: &[u8]) -> GitTagError {
    GitTag::parse(bytes, "v42").unwrap_err()
}

mod a_signed_tag {
    use super::*;

    #[test]
    fn says_what_it_is_on_and_what_is_signed() {
        let tag = GitTag::parse(GOOD, "v42").unwrap();
        assert_eq!(tag.commit.to_string().as_bytes(), &GOOD[7..47]);
        assert_eq!(tag.name, "v42");
        assert_eq!(tag.tagged_at.unwrap().to_string(), "2026-11-01T00:00:00Z");
        assert!(tag.payload.starts_with(b"object ") && tag.payload.ends_with(b"longer message.\n"));
        assert!(
            tag.signature.starts_with(BEGIN) && tag.signature.ends_with(b"-----END PGP SIGNATURE-----\n")
        );
        assert_eq!([tag.payload, tag.signature].concat(), GOOD);
    }

    #[test]
    fn of_a_repository_in_the_newer_format_is_read_alike() {
        let tag = GitTag::parse(data!("good-sha256"), "v42").unwrap();
        assert_eq!(tag.commit.format(), ObjectFormat::Sha256);
    }

    #[test]
    fn has_the_id_that_git_gives_it() {
        for (bytes, id) in [
            (GOOD, &data!("good.id")[..]),
            (data!("good-sha256"), data!("good-sha256.id")),
            (data!("unsigned"), data!("unsigned.id")),
        ] {
            let id = ObjectId::parse(id.trim_ascii()).unwrap();
            assert_eq!(ObjectId::of(ObjectKind::Tag, id.format(), bytes), Ok(id));
            assert_ne!(ObjectId::of(ObjectKind::Blob, id.format(), bytes), Ok(id));
        }
    }

    #[test]
    fn may_lack_a_message_and_a_time_that_makes_sense() {
        for (from, to, at) in [
            ("\n\nList 42\n\nWith a longer message.\n", "\n\n", Some("2026-11-01T00:00:00Z")),
            (" 1793491200 +0000", " 99999999999999999999 +0000", None),
            (" 1793491200 +0000", " -1 +0000", None),
            (" 1793491200 +0000", "", None),
            ("Test Foundation <list@example.org>", "<> 1 +0000 <>", Some("2026-11-01T00:00:00Z")),
        ] {
            let bytes = changed(from, to);
            let tag = GitTag::parse(&bytes, "v42").unwrap();
            assert_eq!(tag.tagged_at.map(|time| time.to_string()).as_deref(), at, "{to}");
        }
    }
}

mod a_tag_is_refused {
    use super::*;

    #[test]
    fn that_is_offered_under_another_name() {
        assert_eq!(
            GitTag::parse(data!("renamed"), "renamed"),
            Err(GitTagError::Renamed { asked: "renamed".into(), inside: "v42".into() })
        );
        for asked in ["v4", "v42 ", "V42", "refs/tags/v42", ""] {
            assert!(matches!(GitTag::parse(GOOD, asked), Err(GitTagError::Renamed { .. })), "{asked}");
        }
        assert!(matches!(refusal(&changed("tag v42", "tag v42\r")), GitTagError::Renamed { .. }));
    }

    #[test]
    fn that_is_not_signed_with_openpgp() {
        assert_eq!(GitTag::parse(data!("unsigned"), "unsigned"), Err(GitTagError::Unsigned));
        assert_eq!(GitTag::parse(data!("lightweight"), "light"), Err(GitTagError::Lightweight));
        let error = GitTag::parse(data!("ssh-signed"), "ssh").unwrap_err();
        assert_eq!(error, GitTagError::OtherSignature { kind: "SSH" });
        for begin in ["SIGNED MESSAGE", "PGP MESSAGE"] {
            let bytes = changed("BEGIN PGP SIGNATURE", &format!("BEGIN {begin}"));
            assert!(matches!(refusal(&bytes), GitTagError::OtherSignature { .. }), "{begin}");
        }
        // Not at the beginning of a line, it is the message.
        assert_eq!(refusal(&changed("-----BEGIN PGP", " -----BEGIN PGP")), GitTagError::Unsigned);
    }

    #[test]
    fn that_is_not_on_a_commit() {
        let on = |bytes, asked| GitTag::parse(bytes, asked).unwrap_err();
        assert_eq!(on(data!("on-a-tree"), "tree"), GitTagError::NotACommit { kind: ObjectKind::Tree });
        assert_eq!(on(data!("on-a-tag"), "again"), GitTagError::NotACommit { kind: ObjectKind::Tag });
        let bytes = changed("type commit", "type Commit");
        assert_eq!(refusal(&bytes), GitTagError::BadKind { found: "Commit".into() });
    }

    #[test]
    fn whose_headers_are_missing_repeated_unknown_or_in_another_order() {
        for (from, to, line) in [
            ("object ", "Object ", 1),
            ("type commit\n", "", 2),
            ("type commit\n", "type commit\ntype commit\n", 3),
            ("type commit\ntag v42\n", "tag v42\ntype commit\n", 2),
            ("tag v42\n", "tag v42\ntag v43\n", 4),
            ("tagger ", "gpgsig-sha256 x\ntagger ", 4),
            ("+0000\n\n", "+0000\nx-note: y\n\n", 5),
            ("+0000\n\n", "+0000\n \n", 5),
        ] {
            let error = refusal(&changed(from, to));
            assert!(matches!(error, GitTagError::Header { line: at, .. } if at == line), "{to}: {error}");
        }
        assert!(matches!(refusal(b""), GitTagError::Header { line: 1, .. }));
        for id in ["", "68", &"G".repeat(40), &"A".repeat(40), &"a".repeat(41), &"é".repeat(20)] {
            let mut bytes = b"object ".to_vec();
            bytes.extend_from_slice(id.as_bytes());
            bytes.extend_from_slice(&GOOD[47..]);
            assert!(matches!(refusal(&bytes), GitTagError::BadObject { .. }), "{id}");
        }
    }

    #[test]
    fn whose_signature_is_not_the_end() {
        let and = |more: &str| [GOOD, more.as_bytes()].concat();
        assert_eq!(refusal(&and("trust me\n")), GitTagError::TextAfter);
        assert!(GitTag::parse(&and("\n \n"), "v42").is_ok());
        let signature = String::from_utf8(GitTag::parse(GOOD, "v42").unwrap().signature.to_vec()).unwrap();
        assert_eq!(refusal(&and(&signature)), GitTagError::SeveralSignatures);
        assert_eq!(refusal(&changed("\n\nList", &format!("\n\n{signature}"))), GitTagError::TextAfter);
        assert_eq!(refusal(&and("-----BEGIN SSH SIGNATURE-----\n")), GitTagError::SeveralSignatures);
        assert_eq!(refusal(&changed("-----END PGP SIGNATURE-----\n", "")), GitTagError::CutOff);
    }

    #[test]
    fn that_is_huge_or_hides_something() {
        assert_eq!(refusal(&changed("List 42", "List\x0042")), GitTagError::Nul);
        let huge = [GOOD, &b"\n".repeat(MAX_TAG_BYTES)].concat();
        assert_eq!(refusal(&huge), GitTagError::TooLarge { bytes: huge.len() });
    }

    #[test]
    fn that_is_cut_off() {
        for end in 0..GOOD.len() - 1 {
            assert!(GitTag::parse(&GOOD[..end], "v42").is_err(), "{end}");
        }
    }
}

proptest! {
    #[test]
    fn any_message_is_part_of_what_is_signed(message in "([ -,.-~][ -~\u{e0}-\u{ff}]{0,30}\n){0,5}") {
        let bytes = changed("List 42\n\nWith a longer message.\n", &message);
        let tag = GitTag::parse(&bytes, "v42").unwrap();
        prop_assert_eq!([tag.payload, tag.signature].concat(), bytes.clone());
        let end = ["+0000\n\n", &message].concat();
        prop_assert!(tag.payload.ends_with(end.as_bytes()));
    }
}
