//! Claims about proofs and tiles, measured by a tree that is written straight from RFC 6962 §2.1.

use super::naive::{self, Directory};
use super::*;
use crate::bundle::Node;

/// Sizes around everything that could go wrong: powers of two, of 256, and trees of several levels with many parts.
const SIZES: [usize; 10] = [1, 2, 3, 255, 256, 257, 511, 512, 771, 1025];

fn spoiled(node: Node) -> Node {
    let mut bytes = node.0;
    bytes[31] ^= 1;
    Node(bytes)
}

mod rfc6962_section_2_1 {
    use super::*;

    #[test]
    fn root_hashes_are_those_of_the_text() {
        for size in (0..70).chain(SIZES).chain([65_537]) {
            let leaves = naive::leaves(size);
            assert_eq!(Directory::of(&leaves).1, naive::head(&leaves), "{size}");
        }
    }

    #[test]
    fn inclusion_of_every_leaf_is_proven_as_the_text_says() {
        for size in 1..70 {
            let leaves = naive::leaves(size);
            let (directory, head) = Directory::of(&leaves);
            for (leaf, index) in leaves.iter().zip(0..) {
                let proof = prove_inclusion(head, index, &directory).unwrap();
                assert_eq!(proof, naive::path(usize::try_from(index).unwrap(), &leaves), "{index} of {size}");
                verify_inclusion(head, leaf, index, &proof).unwrap();
            }
        }
    }

    #[test]
    fn consistency_of_every_pair_is_proven_as_the_text_says() {
        let leaves = naive::leaves(70);
        for new_size in 0..=70 {
            let (directory, new) = Directory::of(&leaves[..new_size]);
            for old_size in 0..=new_size {
                let old = naive::head(&leaves[..old_size]);
                let proof = prove_consistency(old.size, new, &directory).unwrap();
                if old_size > 0 {
                    assert_eq!(
                        proof,
                        naive::proof(old_size, &leaves[..new_size]),
                        "{old_size} of {new_size}"
                    );
                }
                verify_consistency(old, new, &proof).unwrap();
                if (old_size + new_size) % 8 == 0 {
                    consistency_from_tiles(old, new, &directory).unwrap();
                }
                assert_eq!(verify_consistency(new, old, &proof).is_ok(), old_size == new_size);
            }
        }
    }
}

mod tampered_proofs {
    use super::*;

    #[test]
    fn inclusion_with_any_change_is_refused() {
        for size in [1, 2, 7, 8, 33] {
            let leaves = naive::leaves(size);
            let head = naive::head(&leaves);
            for (number, leaf) in leaves.iter().enumerate() {
                let (index, proof) = (number as u64, naive::path(number, &leaves));
                let wrong = Err(ProofError::Wrong);
                let with = |node| [proof.as_slice(), &[node]].concat();
                assert_eq!(verify_inclusion(head, leaf, index, &with(head.hash)), wrong);
                assert_eq!(verify_inclusion(head, b"another leaf", index, &proof), wrong);
                let spoiled_head = TreeHead { size: head.size, hash: spoiled(head.hash) };
                assert_eq!(verify_inclusion(spoiled_head, leaf, index, &proof), wrong);
                for place in 0..proof.len() {
                    let mut changed = proof.clone();
                    changed[place] = spoiled(changed[place]);
                    assert_eq!(verify_inclusion(head, leaf, index, &changed), wrong);
                    changed.remove(place);
                    assert_eq!(verify_inclusion(head, leaf, index, &changed), wrong);
                }
                for other in (0..head.size).filter(|other| *other != index) {
                    assert_eq!(verify_inclusion(head, leaf, other, &proof), wrong, "{index} as {other}");
                }
            }
        }
    }

    #[test]
    fn consistency_with_any_change_is_refused() {
        let leaves = naive::leaves(33);
        for (old_size, new_size) in [(1, 2), (1, 33), (7, 8), (8, 33), (16, 32), (31, 33)] {
            let old = naive::head(&leaves[..old_size]);
            let new = naive::head(&leaves[..new_size]);
            let proof = naive::proof(old_size, &leaves[..new_size]);
            verify_consistency(old, new, &proof).unwrap();
            for place in 0..proof.len() {
                let mut changed = proof.clone();
                changed[place] = spoiled(changed[place]);
                assert_eq!(verify_consistency(old, new, &changed), Err(ProofError::Wrong));
                changed.remove(place);
                assert_eq!(verify_consistency(old, new, &changed), Err(ProofError::Wrong));
            }
            for hash in [spoiled(old.hash), new.hash] {
                let other = TreeHead { hash, ..old };
                assert_eq!(verify_consistency(other, new, &proof), Err(ProofError::Wrong));
            }
            let other = TreeHead { hash: spoiled(new.hash), ..new };
            assert_eq!(verify_consistency(old, other, &proof), Err(ProofError::Wrong));
            let longer = [proof.as_slice(), &[new.hash]].concat();
            assert_eq!(verify_consistency(old, new, &longer), Err(ProofError::Wrong));
        }
    }

    #[test]
    fn sizes_and_lengths_that_no_tree_has_are_refused_without_a_panic() {
        let node = Node([7; 32]);
        let sizes = [0, 1, 2, 3, 1 << 31, (1 << 63) - 1, 1 << 63, u64::MAX - 1, u64::MAX];
        for size in sizes {
            let head = TreeHead { size, hash: node };
            for count in [0, 1, 62, 63, 64, 10_000] {
                let proof = vec![node; count];
                for index in sizes {
                    assert!(size == 1 || verify_inclusion(head, b"", index, &proof).is_err());
                    let old = TreeHead { size: index, hash: node };
                    let is_same = old == head && count == 0 && size > 0;
                    assert_eq!(
                        verify_consistency(old, head, &proof).is_ok(),
                        is_same,
                        "{index} {size} {count}"
                    );
                }
            }
        }
    }

    #[test]
    fn trees_of_one_size_and_two_hashes_are_a_fork() {
        let (one, other) =
            (TreeHead { size: 3, hash: Node([1; 32]) }, TreeHead { size: 3, hash: Node([2; 32]) });
        let forked = Err(ProofError::Forked { size: 3 });
        assert_eq!(verify_consistency(one, other, &[]), forked);
        assert_eq!(consistency_from_tiles(one, other, &Directory::default()), forked);
    }
}

mod tlog_tiles {
    use super::*;

    #[test]
    fn files_of_a_tree_are_those_that_the_specification_counts() {
        let mut directory = Directory::of(&naive::leaves(70_000)).0;
        directory.files.retain(|path, _| !path.starts_with("tile/entries/"));
        let full = |level: u32| {
            let start = format!("tile/{level}/");
            directory.files.keys().filter(|path| path.starts_with(&start) && !path.contains(".p/")).count()
        };
        assert_eq!((full(0), full(1), full(2)), (273, 1, 0));
        let partial: Vec<_> = directory.files.keys().filter(|path| path.contains(".p/")).collect();
        assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
        let directory = Directory::of(&naive::leaves(256)).0;
        let paths: Vec<_> = directory.files.keys().collect();
        assert_eq!(paths, ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
    }

    #[test]
    fn files_appended_bit_by_bit_are_those_built_at_once() {
        let leaves = naive::leaves(65_540);
        for cuts in [vec![1, 2, 3, 70], vec![255, 256, 257, 771], vec![5, 300, 512, 65_535, 65_540]] {
            let (mut grown, mut head) = (Directory::default(), TreeHead::EMPTY);
            for cut in cuts {
                let from = usize::try_from(head.size).unwrap();
                head = grown.append(head, &leaves[from..cut]);
                let (at_once, head_at_once) = Directory::of(&leaves[..cut]);
                assert_eq!(head, head_at_once);
                for (path, bytes) in &at_once.files {
                    assert_eq!(grown.files.get(path), Some(bytes), "{path}");
                }
            }
        }
    }

    #[test]
    fn nothing_appended_writes_nothing() {
        let (directory, head) = Directory::of(&naive::leaves(300));
        let appended = Appender::open(head, &directory).unwrap().finish();
        assert_eq!(appended, Appended { head, files: Vec::new() });
    }

    #[test]
    fn leaf_longer_than_its_length_can_say_is_refused() {
        let mut appender = Appender::open(TreeHead::EMPTY, &Directory::default()).unwrap();
        appender.push(&vec![0; MAX_LEAF_BYTES]).unwrap();
        let error = appender.push(&vec![0; MAX_LEAF_BYTES + 1]).unwrap_err();
        assert_eq!(error, AppendError::LongLeaf { bytes: MAX_LEAF_BYTES + 1 });
        assert_eq!(appender.finish().head.size, 1);
    }

    #[test]
    fn partial_tile_that_was_deleted_is_read_from_the_full_one() {
        let leaves = naive::leaves(256);
        let (mut directory, head) = Directory::of(&leaves[..100]);
        directory.append(head, &leaves[100..]);
        directory.files.remove("tile/0/000.p/100").unwrap();
        let proof = prove_inclusion(head, 7, &directory).unwrap();
        verify_inclusion(head, &leaves[7], 7, &proof).unwrap();
    }

    #[test]
    fn proofs_in_large_trees_read_few_tiles() {
        let leaves = naive::leaves(65_540);
        let (directory, head) = Directory::of(&leaves);
        let proof = prove_inclusion(head, 4_711, &directory).unwrap();
        verify_inclusion(head, &leaves[4_711], 4_711, &proof).unwrap();
        assert!(directory.read.borrow().len() <= 2 * 3, "{:?}", directory.read.borrow());
    }
}

#[expect(clippy::ptr_arg, reason = "all changes are of one type")]
mod hostile_tiles {
    use super::*;

    /// Each read tile is spoiled in turn: whatever is proven then is proven rightly, or not at all.
    #[test]
    fn tile_that_is_short_long_or_wrong_is_never_used() {
        for size in SIZES {
            let leaves = naive::leaves(size);
            let (directory, head) = Directory::of(&leaves);
            let indexes = [0, size / 2, size - 1];
            let mut hostile = directory.clone();
            for path in directory.files.keys().filter(|path| !path.starts_with("tile/entries/")) {
                for change in [cut, lengthened, empty, flipped_first, flipped_last, swapped] {
                    hostile.files.insert(path.clone(), directory.files[path].clone());
                    change(hostile.files.get_mut(path).unwrap());
                    if hostile.files[path] == directory.files[path] {
                        continue;
                    }
                    for index in indexes {
                        check(&hostile, head, &leaves, index, path);
                    }
                }
                hostile.files.insert(path.clone(), directory.files[path].clone());
            }
        }
    }

    fn check(hostile: &Directory, head: TreeHead, leaves: &[Vec<u8>], index: usize, path: &str) {
        hostile.read.borrow_mut().clear();
        let inclusion = prove_inclusion(head, index as u64, hostile);
        let was_read = hostile.read.borrow().iter().any(|read| read == path);
        match inclusion {
            Ok(proof) => {
                assert!(!was_read, "{path} of {}", head.size);
                verify_inclusion(head, &leaves[index], index as u64, &proof).unwrap();
            }
            Err(ProofError::WrongTile { .. }) => assert!(was_read),
            Err(error) => panic!("{error}"),
        }
        let spoiled_old = TreeHead { size: index as u64 + 1, hash: Node([9; 32]) };
        if spoiled_old.size < head.size {
            let error = consistency_from_tiles(spoiled_old, head, hostile).unwrap_err();
            let is_known = matches!(error, ProofError::WrongTile { .. } | ProofError::Forked { .. });
            assert!(is_known, "{error}");
        }
    }

    fn cut(tile: &mut Vec<u8>) {
        tile.pop();
    }

    fn lengthened(tile: &mut Vec<u8>) {
        tile.extend([0; 32]);
    }

    fn empty(tile: &mut Vec<u8>) {
        tile.clear();
    }

    fn flipped_first(tile: &mut Vec<u8>) {
        tile[0] ^= 1;
    }

    fn flipped_last(tile: &mut Vec<u8>) {
        *tile.last_mut().unwrap() ^= 0x80;
    }

    fn swapped(tile: &mut Vec<u8>) {
        let middle = tile.len() / 64 * 32;
        tile.rotate_left(middle);
    }

    /// A mirror that makes up an inner tile could show the old tree a client knows inside a forked one.
    #[test]
    fn old_tree_is_not_found_in_a_forked_one_by_made_up_tiles() {
        let leaves = naive::leaves(771);
        let old = naive::head(&leaves[..100]);
        let mut forked = leaves.clone();
        forked[5] = b"forked".to_vec();
        let (mut directory, new) = Directory::of(&forked);
        assert_eq!(consistency_from_tiles(old, new, &directory), Err(ProofError::Forked { size: 100 }));
        let honest = Directory::of(&leaves).0;
        directory.files.insert("tile/0/000".into(), honest.files["tile/0/000"].clone());
        let wrong = ProofError::WrongTile { path: "tile/0/000".into() };
        assert_eq!(consistency_from_tiles(old, new, &directory), Err(wrong));
    }

    #[test]
    fn missing_tile_is_named() {
        let (mut directory, head) = Directory::of(&naive::leaves(300));
        directory.files.remove("tile/0/001.p/44");
        let reason = "no such file".into();
        let missing = ProofError::Unreadable { path: "tile/0/001.p/44".into(), reason };
        assert_eq!(prove_inclusion(head, 0, &directory), Err(missing.clone()));
        assert_eq!(Appender::open(head, &directory).unwrap_err(), AppendError::Tiles(missing));
    }

    #[test]
    fn last_bundle_that_is_another_is_refused_before_anything_is_appended() {
        let (directory, head) = Directory::of(&naive::leaves(300));
        let path = "tile/entries/001.p/44";
        for change in [cut, lengthened, empty, flipped_last] {
            let mut hostile = directory.clone();
            change(hostile.files.get_mut(path).unwrap());
            let error = Appender::open(head, &hostile).unwrap_err();
            let is_known = matches!(
                error,
                AppendError::Entries { .. } | AppendError::Tiles(ProofError::WrongTile { .. })
            );
            assert!(is_known, "{error}");
        }
    }

    #[test]
    fn tree_larger_than_any_may_be_is_refused_without_a_panic() {
        for size in [MAX_TREE_SIZE + 1, u64::MAX] {
            let head = TreeHead { size, hash: Node([0; 32]) };
            let error = ProofError::TooLarge { size };
            assert_eq!(prove_inclusion(head, 0, &Directory::default()), Err(error.clone()));
            assert_eq!(prove_consistency(1, head, &Directory::default()), Err(error));
        }
        let head = TreeHead { size: MAX_TREE_SIZE, hash: Node([0; 32]) };
        let missing = prove_inclusion(head, 0, &Directory::default()).unwrap_err();
        assert!(matches!(missing, ProofError::Unreadable { .. }), "{missing}");
    }
}

mod random_sizes {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn are_proven_as_the_text_says(size in 1_usize..1_500, index in any::<prop::sample::Index>(), old in any::<prop::sample::Index>()) {
            let leaves = naive::leaves(size);
            let (directory, head) = Directory::of(&leaves);
            prop_assert_eq!(head, naive::head(&leaves));
            let index = index.index(size);
            let proof = prove_inclusion(head, index as u64, &directory).unwrap();
            prop_assert_eq!(&proof, &naive::path(index, &leaves));
            verify_inclusion(head, &leaves[index], index as u64, &proof).unwrap();
            let old = old.index(size) + 1;
            let old_head = naive::head(&leaves[..old]);
            let proof = prove_consistency(old as u64, head, &directory).unwrap();
            prop_assert_eq!(&proof, &naive::proof(old, &leaves));
            verify_consistency(old_head, head, &proof).unwrap();
            consistency_from_tiles(old_head, head, &directory).unwrap();
        }

        #[test]
        fn grow_by_any_steps(steps in prop::collection::vec(0_usize..400, 1..8)) {
            let leaves = naive::leaves(steps.iter().sum());
            let (mut directory, mut head) = (Directory::default(), TreeHead::EMPTY);
            let mut from = 0;
            for step in steps {
                let before = head;
                head = directory.append(head, &leaves[from..from + step]);
                from += step;
                prop_assert_eq!(head, naive::head(&leaves[..from]));
                consistency_from_tiles(before, head, &directory).unwrap();
            }
        }
    }
}
