//! Witnesses that are too few, or saw what nobody else did.

use super::*;

#[test]
fn that_are_too_few_leave_the_publication_as_it_was_and_a_rerun_completes() {
    let world = World::new();
    world.publish_list("one");
    let memory = world.client(None).memory;
    let before = world.snapshot();
    world.later(1);
    world.witnesses.silent.borrow_mut().insert("green".into());
    let two = || Submission { list: Some(world.list(&[1, 2], "two")), ..Submission::default() };
    let error = world.publish(two()).unwrap_err();
    assert!(error.to_string().contains("green: no answer"), "{error}");
    assert_eq!(world.snapshot(), before);
    let pending = world.home().head();
    assert_eq!(pending.size, 5);
    world.witnesses.silent.borrow_mut().clear();
    let published = world.publish(two()).unwrap();
    assert_eq!(published.head, pending);
    assert_eq!(world.client(Some(&memory)).memory.list.serial, 2);
}

#[test]
fn never_see_a_fork_whatever_follows_a_publication_that_nobody_saw() {
    let world = World::new();
    world.publish_list("one");
    let memory = world.client(None).memory;
    // Red cosigned a tree with a relax order that never became public.
    world.witnesses.silent.borrow_mut().insert("green".into());
    let orders = vec![relax("gamma", time(START), "a.example", &[3])];
    world.publish(Submission { orders, ..Submission::default() }).unwrap_err();
    world.witnesses.silent.borrow_mut().clear();
    world.publish_list("two");
    assert_eq!(world.client(Some(&memory)).memory.list.serial, 2);
    assert!(world.client(None).relaxations.is_empty());
}
