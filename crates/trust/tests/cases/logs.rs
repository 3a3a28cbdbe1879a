//! What is wrong with the log, its proofs or its witnesses.

use starttls_trust::document::LeafKind;
use starttls_trust::log::prove_inclusion;

use super::*;

pub(super) fn all() -> Vec<Attack> {
    let list = Listing::ordinary(2);
    let mut all = Vec::new();

    let (_, _, memory) = known(&list, &none());
    let mut fork = World::new();
    fork.append("another history\n");
    let bundle = fork.publish(&list, &none(), TODAY);
    let mut forked = attack("forked-log", "the log has forked", &fork, bundle, &list);
    forked.memory = Some(memory.clone());
    all.push(forked);

    let mut world = World::new();
    world.log(LeafKind::List, list.statement.sha256);
    let other = world.publish(&list, &none(), TODAY);
    let memory_of_four = world.accept(None, &other, &list.text, NOW).unwrap().memory;
    let mut fork = World::new();
    fork.append("another history\n");
    let bundle = fork.publish(&list, &none(), TODAY);
    let mut forked = attack("forked-log-of-same-size", "the log has forked", &fork, bundle, &list);
    forked.memory = Some(memory_of_four.clone());
    all.push(forked);

    let mut smaller = World::new();
    let bundle = smaller.publish(&list, &none(), TODAY);
    let mut smaller = attack("older-log", "the log has 3 leaves, and had 4 before", &smaller, bundle, &list);
    smaller.memory = Some(memory_of_four);
    all.push(smaller);

    let (mut world, _, _) = known(&list, &none());
    let bundle = world.publish(&list, &none(), TODAY);
    let mut gone = attack("tiles-missing", "cannot read `tile/0/000.p/4`", &world, bundle, &list);
    gone.memory = Some(memory);
    gone.tiles = Files::default();
    all.push(gone);

    let mut world = World::new();
    let bundle = world.publish(&list, &none(), TODAY);
    let mut proof = attack(
        "proof-of-another-leaf",
        "is not in the log where the bundle says",
        &world,
        bundle.clone(),
        &list,
    );
    let (index, of_root) = (proof.bundle.included[0].index, proof.bundle.included[0].proof.clone());
    (proof.bundle.included[1].index, proof.bundle.included[1].proof) = (index, of_root);
    all.push(proof);
    let mut missing =
        attack("proof-missing", "does not show that the list statement", &world, bundle.clone(), &list);
    missing.bundle.included.pop();
    all.push(missing);

    let mut later = bundle.clone();
    world.append("something after it\n");
    later.checkpoint = world.checkpoint(&[("one", TODAY), ("three", TODAY)]);
    later.manifest_proof = prove_inclusion(world.head, 2, &world.files).unwrap();
    all.push(attack(
        "manifest-not-last",
        "the manifest is not the last leaf of the log",
        &world,
        later,
        &list,
    ));

    let mut world = World::new();
    let bundle = world.publish(&list, &none(), TODAY);
    let mut few =
        attack("below-quorum", "below quorum: fewer than 2 organisations", &world, bundle.clone(), &list);
    few.bundle.checkpoint = world.checkpoint(&[("three", TODAY)]);
    all.push(few);
    let mut twice = attack("one-witness-counted-twice", "below quorum", &world, bundle.clone(), &list);
    twice.bundle.checkpoint = world.checkpoint(&[("one", TODAY), ("two", TODAY)]);
    all.push(twice);
    let mut other = attack(
        "checkpoint-of-another-log",
        "the checkpoint is of the log `other.example`",
        &world,
        bundle.clone(),
        &list,
    );
    other.bundle.checkpoint = other.bundle.checkpoint.replace("log.example\n", "other.example\n");
    all.push(other);
    let mut unsigned =
        attack("checkpoint-not-signed-by-the-log", "is not signed by the log's key", &world, bundle, &list);
    unsigned.bundle.checkpoint = unsigned.bundle.checkpoint.replace("— log.example", "— gol.example");
    all.push(unsigned);
    all
}
