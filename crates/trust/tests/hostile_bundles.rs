//! Whatever a mirror changes: nothing but what enough organisations signed is ever accepted.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what the fuzz target asserts")]
#![allow(unexpected_cfgs, reason = "cargo-fuzz alone sets `fuzzing`")]

#[path = "../../../fuzz/fuzz_targets/proof_bundle.rs"]
mod proof_bundle;
mod world;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use starttls_trust::Bundle;
use starttls_trust::accept::{Accepted, Refusal};
use starttls_trust::document::RelaxSet;

use world::{Listing, NOW, World, cancel, list_text, order, signed};

const TODAY: &str = "2026-11-21T20:00:00Z";

/// A bundle in which everything occurs: a rotated root, an order that holds, one that was taken back.
static HONEST: LazyLock<(World, Listing, Bundle, Accepted)> = LazyLock::new(|| {
    let mut world = World::new();
    world.rotate(|root| root.limits.ageing_days = 8, &["beta", "gamma"]);
    let list = list_text(2, "2026-11-02T00:00:00Z", "2027-11-01T00:00:00Z", "");
    let list = Listing::new(list, &["alpha", "beta", "gamma"]);
    let of = |domain: &str| {
        signed(order("2026-11-20T00:00:00Z", "2026-11-30T00:00:00Z", &[domain], &[], "delta"), &["delta"])
    };
    let orders = vec![of("a.example"), of("b.example")];
    let cancels = vec![signed(cancel(&orders[1], "gamma"), &["gamma"])];
    let bundle = world.publish(&list, &RelaxSet { orders, cancels }, TODAY);
    let accepted = world.accept(None, &bundle, &list.text, NOW).unwrap();
    assert_eq!(accepted.relaxations.len(), 1);
    (world, list, bundle, accepted)
});

/// Accepted as what it is, perhaps with fewer signatures or an earlier end; or refused.
fn same_or_refused(outcome: Result<Accepted, Refusal>) {
    let honest = &HONEST.3;
    let Ok(accepted) = outcome else { return };
    let (memory, want) = (&accepted.memory, &honest.memory);
    assert_eq!((memory.root, &memory.list, memory.log.tree), (want.root, &want.list, want.log.tree));
    assert_eq!((&memory.relax, &accepted.relaxations), (&want.relax, &honest.relaxations));
    assert!(memory.signers.is_subset(&want.signers));
    assert!(memory.log.quorum_time <= want.log.quorum_time && memory.term.end <= want.term.end);
}

fn offered(bytes: &[u8]) {
    let (world, list, ..) = &*HONEST;
    if let Ok(bundle) = Bundle::parse(bytes) {
        same_or_refused(world.accept(None, &bundle, &list.text, NOW));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_changed_byte_changes_nothing_or_is_refused(at in any::<prop::sample::Index>(), byte in 0x20_u8..0x7f) {
        let mut bytes = HONEST.2.to_text().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        offered(&bytes);
    }

    #[test]
    fn a_changed_letter_inside_a_part_changes_nothing_or_is_refused(
        part in 0_usize..6,
        at in any::<prop::sample::Index>(),
        letter in "[ -~]",
    ) {
        let mut bundle = HONEST.2.clone();
        let text = match part {
            0 => &mut bundle.roots[0],
            1 => &mut bundle.roots[1],
            2 => &mut bundle.list,
            3 => &mut bundle.relax,
            4 => &mut bundle.manifest,
            _ => &mut bundle.checkpoint,
        };
        let mut chars: Vec<String> = text.chars().map(String::from).collect();
        let at = at.index(chars.len());
        chars[at] = letter;
        *text = chars.concat();
        let (world, list, ..) = &*HONEST;
        same_or_refused(world.accept(None, &bundle, &list.text, NOW));
    }

    #[test]
    fn a_bundle_cut_off_is_refused(at in any::<prop::sample::Index>()) {
        let text = HONEST.2.to_text();
        let end = at.index(text.trim_end().len());
        prop_assert!(text.get(..end).is_none_or(|cut| Bundle::parse(cut.as_bytes()).is_err()));
    }

    #[test]
    fn parts_of_any_text_never_panic(part in 0_usize..6, text in "(?s).{0,300}") {
        let mut bundle = HONEST.2.clone();
        match part {
            0 => bundle.roots[1] = text,
            1 => bundle.roots.push(text),
            2 => bundle.list = text,
            3 => bundle.relax = text,
            4 => bundle.manifest = text,
            _ => bundle.checkpoint = text,
        }
        let (world, list, ..) = &*HONEST;
        prop_assert!(world.accept(None, &bundle, &list.text, NOW).is_err());
    }
}

#[test]
fn no_set_of_signatures_below_the_threshold_is_accepted_and_every_other_is() {
    const KEYS: [(&str, Option<&str>); 6] = [
        ("alpha", Some("alpha")),
        ("alpha.2", Some("alpha")),
        ("beta", Some("beta")),
        ("gamma", Some("gamma")),
        ("delta", None),
        ("mallory", None),
    ];
    let (mut world, list) = (World::new(), Listing::ordinary(2));
    let bundle = world.publish(&list, &RelaxSet::default(), TODAY);
    for set in 0..1_u32 << KEYS.len() {
        let signers: Vec<_> =
            KEYS.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, key)| key).collect();
        let names: Vec<&str> = signers.iter().map(|(name, _)| *name).collect();
        let organisations: BTreeSet<&str> = signers.iter().filter_map(|(_, of)| *of).collect();
        let mut bundle = bundle.clone();
        bundle.list = signed(list.statement.clone(), &names);
        let outcome = world.accept(None, &bundle, &list.text, NOW);
        assert_eq!(outcome.is_ok(), organisations.len() >= 2, "{names:?}");
    }
}

#[test]
fn the_fuzz_corpus_keeps_its_promises() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/proof_bundle");
    if std::env::var_os("UPDATE_ATTACKS").is_some() {
        std::fs::create_dir_all(&corpus).unwrap();
        std::fs::write(corpus.join("honest.json"), HONEST.2.to_text()).unwrap();
    }
    let files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 3, "the corpus is gone");
    for file in files {
        proof_bundle::check(&std::fs::read(file).unwrap());
    }
}

#[test]
fn the_bundles_of_the_attacks_keep_the_fuzz_target_s_promises() {
    let attacks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks");
    for folder in std::fs::read_dir(attacks).unwrap() {
        let bundle = std::fs::read(folder.unwrap().path().join("bundle.json")).unwrap();
        proof_bundle::check(&bundle);
    }
}
