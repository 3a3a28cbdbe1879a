use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::build::build_with;
use super::*;
use crate::list::arbitrary::lists;
use crate::list::{Extensions, List};

const SHA256: [u8; 32] = [7; 32];

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

/// A list of so many domains with policies of all kinds.
fn list(domains: usize) -> List {
    let entry = |number: usize| match number % 5 {
        0 => format!(r#""d{number:05}.example": {{"provider": "big"}}"#),
        1 => format!(r#""d{number:05}.example": {{"provider": "big", "since": "2026-01-02"}}"#),
        2 => format!(
            r#""d{number:05}.example": {{"mode": "testing", "mx": ["mx.d{number:05}.example", ".mail.example"]}}"#
        ),
        3 => format!(r#""d{number:05}.example": {{"mode": "none"}}"#),
        _ => format!(r#""d{number:05}.example": {{"mode": "enforce", "mx": ["mx-{number}.mail.example"]}}"#),
    };
    let entries: Vec<String> = (0..domains).map(entry).collect();
    let text = format!(
        r#"{{"version": "1", "author": "A", "serial": 1, "timestamp": 0, "expires": 9999999999,
        "providers": {{"big": {{"mode": "enforce", "mx": ["*.mx.example.net"]}}}}, "policies": {{{}}}}}"#,
        entries.join(",\n")
    );
    crate::read::list(text.as_bytes()).unwrap()
}

fn compiled(list: &List) -> Vec<u8> {
    build(list, 1, SHA256).unwrap()
}

fn assert_same(list: &List, index: &Index<impl AsRef<[u8]>>) {
    let head = Head { extensions: Extensions::new(), ..list.head.clone() };
    assert_eq!((index.head(), index.len()), (&head, list.entries.len()));
    let mut entries = index.iter();
    for listed in list.iter() {
        let found = Found::from(listed);
        assert_eq!(index.get(listed.domain).unwrap().as_ref(), Some(&found));
        assert_eq!(entries.next().unwrap().unwrap(), found);
    }
    assert!(entries.next().is_none());
}

mod an_index {
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn says_what_its_list_says(list in lists(), seed in any::<u64>()) {
            let bytes = build(&list, seed, SHA256).unwrap();
            let index = Index::parse(&bytes).unwrap();
            assert_same(&list, &index);
            prop_assert_eq!(index.check(), Ok(()));
            for missing in ["not-listed.example", "x.a.b.example", "zz.zz"] {
                let missing = domain(missing);
                prop_assert_eq!(index.get(&missing).unwrap().is_some(), list.get(&missing).is_some());
            }
        }
    }

    #[test]
    fn of_any_number_of_domains_has_them_all() {
        for domains in [0, 1, 2, 15, 16, 17, 31, 32, 33, 1_000] {
            let list = list(domains);
            let bytes = compiled(&list);
            let index = Index::parse(&bytes).unwrap();
            assert_same(&list, &index);
            assert_eq!((index.check(), index.is_empty()), (Ok(()), domains == 0));
            assert_eq!(index.get(&domain("d00000.exampl")).unwrap(), None);
            assert_eq!(index.list_sha256(), SHA256);
        }
    }

    #[test]
    fn of_the_same_list_and_seed_has_the_same_bytes() {
        let list = list(100);
        assert_eq!(compiled(&list), compiled(&list));
        assert_ne!(compiled(&list), build(&list, 2, SHA256).unwrap());
    }

    #[test]
    fn keeps_long_names_and_large_policies() {
        let label = "a".repeat(63);
        let long = |first: &str| format!("{first}{label}.{label}.{label}.example");
        let mx: Vec<String> = (0..256).map(|number| format!("\"mx{number}.{}\"", long("b"))).collect();
        let addresses = format!("\"mailto:{}@{}\"", "c".repeat(700), long(""));
        let entries: Vec<String> = ["a.", "aa.", "b.", "bb."]
            .iter()
            .map(|first| {
                let mx = mx.join(", ").replace(".b", ".");
                format!(
                    r#""{}": {{"mode": "enforce", "mx": [{mx}], "report-to": [{addresses}]}}"#,
                    long(first)
                )
            })
            .collect();
        let text = format!(
            r#"{{"version": "1", "author": "A", "serial": 1, "timestamp": 0, "expires": 9, "policies": {{{}}}}}"#,
            entries.join(",")
        );
        let list = crate::read::list(text.as_bytes()).unwrap();
        let bytes = compiled(&list);
        assert_same(&list, &Index::parse(&bytes).unwrap());
    }

    #[test]
    fn has_one_policy_for_domains_that_differ_in_their_name_alone() {
        let entries: Vec<String> = (0..1_000)
            .map(|number| {
                let name = format!("d{number:04}.example");
                format!(
                    r#""{name}": {{"mode": "enforce", "mx": ["mx1.{name}", ".{name}", "mx.d{number:04}.example.net"], "report-to": ["mailto:tls@{name}"]}}"#
                )
            })
            .collect();
        let text = format!(
            r#"{{"version": "1", "author": "A", "serial": 1, "timestamp": 0, "expires": 9, "policies": {{{}}}}}"#,
            entries.join(",")
        );
        let list = crate::read::list(text.as_bytes()).unwrap();
        let bytes = compiled(&list);
        let index = Index::parse(&bytes).unwrap();
        assert_same(&list, &index);
        assert_eq!(index.section(Section::Terms).len(), TERMS_BYTES);
        assert!(bytes.len() / 1_000 < 20, "{} bytes", bytes.len());
    }
}

mod names_of_one_hash {
    use super::*;

    fn all_alike(_: &[u8], _: u64) -> u64 {
        0x0123_4567_89ab_cdef
    }

    fn alike_under_seed_1(name: &[u8], seed: u64) -> u64 {
        if seed == 1 { all_alike(name, seed) } else { xxh3_64_with_seed(name, seed) }
    }

    #[test]
    fn are_told_apart_by_the_names_themselves() {
        let list = list(100);
        let bytes = build_with(&list, 1, SHA256, all_alike).unwrap();
        let index = Index { hash: all_alike, ..Index::parse(&bytes).unwrap() };
        assert_same(&list, &index);
        assert_eq!(index.check(), Ok(()));
        // A stranger with the same hash as a hundred listed names is not one of them.
        assert_eq!(index.get(&domain("stranger.example")).unwrap(), None);
    }

    #[test]
    fn in_great_number_ask_for_another_seed() {
        let list = list(300);
        let refused = build_with(&list, 1, SHA256, alike_under_seed_1).unwrap_err();
        assert_eq!(refused, BuildError::Collisions { names: 300 });
        let bytes = build_with(&list, 2, SHA256, alike_under_seed_1).unwrap();
        assert_same(&list, &Index::parse(&bytes).unwrap());
    }
}

mod damaged_bytes {
    use super::*;

    /// Every entry is as it was, or its look-up is an error.
    fn assert_no_lie(list: &List, bytes: &[u8], what: &str) {
        let Ok(index) = Index::parse(bytes) else { return };
        for listed in list.iter() {
            if let Ok(found) = index.get(listed.domain) {
                assert_eq!(found, Some(listed.into()), "{what}: {}", listed.domain);
            }
        }
        assert!(
            index.get(&domain("stranger.example")).is_ok_and(|found| found.is_none())
                || index.check().is_err()
        );
        let walked: Result<Vec<_>, _> = index.iter().collect();
        if let Ok(walked) = walked {
            assert!(walked.into_iter().eq(list.iter().map(Found::from)), "{what}");
        }
    }

    #[test]
    fn are_errors_or_of_no_effect() {
        let list = list(35);
        let bytes = compiled(&list);
        for at in 0..bytes.len() {
            for flip in [1, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                assert_no_lie(&list, &damaged, &format!("byte {at} ^ {flip}"));
            }
        }
    }

    #[test]
    fn cut_off_or_added_are_told() {
        let bytes = compiled(&list(60));
        let expected = wide(bytes.len());
        for end in 0..bytes.len() {
            let error = Index::parse(&bytes[..end]).unwrap_err();
            match end {
                0..8 => assert_eq!(error, IndexError::NotAnIndex),
                8..HEADER_BYTES => {
                    assert_eq!(error, IndexError::Length { found: wide(end), expected: wide(HEADER_BYTES) });
                }
                _ => assert_eq!(error, IndexError::Length { found: wide(end), expected }),
            }
        }
        let longer = [bytes.as_slice(), b"x"].concat();
        assert_eq!(Index::parse(&longer).unwrap_err(), IndexError::Length { found: expected + 1, expected });
    }

    #[test]
    fn of_another_format_are_told_before_anything_else() {
        let mut bytes = compiled(&list(5));
        bytes[8] = 2;
        let error = Index::parse(&bytes).unwrap_err();
        assert_eq!(error, IndexError::OtherFormat { found: 2 });
        assert!(format!("{error}").contains("compile the list again"));
        assert_eq!(Index::parse(b"{\"version\": \"1\"}").unwrap_err(), IndexError::NotAnIndex);
    }

    proptest! {
        #[test]
        fn of_any_kind_bring_no_panic(
            places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
            refit in any::<bool>(),
        ) {
            let list = list(40);
            let mut bytes = compiled(&list);
            if refit {
                // With a checksum that fits, the header itself is what is hostile.
                for (at, byte) in &places {
                    bytes[12 + at.index(140)] ^= *byte;
                }
                let sum = xxhash_rust::xxh3::xxh3_64(&bytes[..152]);
                bytes[152..160].copy_from_slice(&sum.to_le_bytes());
            } else {
                for (at, byte) in &places {
                    let at = at.index(bytes.len());
                    bytes[at] ^= *byte;
                }
            }
            if let Ok(index) = Index::parse(&bytes) {
                let _ = index.check();
                for listed in list.iter() {
                    let _ = index.get(listed.domain);
                }
            }
        }
    }
}

mod entries {
    use super::*;

    #[test]
    fn out_of_order_are_refused() {
        let list = list(3);
        let mut builder = Builder::new(1, Vec::new()).unwrap();
        let entries: Vec<_> = list.iter().collect();
        builder.add(&entries[1]).unwrap();
        for wrong in [&entries[0], &entries[1]] {
            let refused = builder.add(wrong).unwrap_err();
            assert_eq!(refused, BuildError::NotInOrder { domain: wrong.domain.clone() });
        }
        builder.add(&entries[2]).unwrap();
    }
}
