//! A publication made fresh without any key.

use super::*;

#[test]
fn brings_a_stale_list_back_without_any_key() {
    let world = World::new();
    world.publish_list("one");
    let memory = world.client(None).memory;
    world.later(40);
    let now = world.witnesses.now.get();
    let refreshed = refresh(&world.directory(), &world.anchor(), &world.witnesses, now).unwrap();
    assert_eq!(refreshed.quorum_time, now);
    assert_eq!(world.client(Some(&memory)).memory.log.quorum_time, now);
}

#[test]
fn without_a_quorum_keeps_what_was_there() {
    let world = World::new();
    world.publish_list("one");
    let before = world.snapshot();
    world.later(1);
    world.witnesses.silent.borrow_mut().insert("red".into());
    let now = world.witnesses.now.get();
    let error = refresh(&world.directory(), &world.anchor(), &world.witnesses, now).unwrap_err();
    assert!(error.to_string().contains("red: no answer"), "{error}");
    assert_eq!(world.snapshot(), before);
}
