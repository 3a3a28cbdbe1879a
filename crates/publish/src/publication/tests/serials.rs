//! Serials are used once, and in order.

use super::*;

#[test]
fn are_never_used_for_other_bytes_even_if_nobody_saw_the_first() {
    let world = World::new();
    world.witnesses.silent.borrow_mut().insert("red".into());
    let list = Some(world.list(&[1, 2], "one"));
    let error =
        world.publish(Submission { roots: world.roots(), list, ..Submission::default() }).unwrap_err();
    assert!(matches!(error, PublishError::BelowQuorum { got: 1, quorum: 2, .. }), "{error}");
    world.witnesses.silent.borrow_mut().clear();
    let list = Some(world.list(&[1, 2], "other"));
    let error =
        world.publish(Submission { roots: world.roots(), list, ..Submission::default() }).unwrap_err();
    assert!(matches!(error, PublishError::SerialReused { serial: 1, .. }), "{error}");
}

#[test]
fn must_follow_what_is_published() {
    let world = World::new();
    let stale = world.list(&[1, 2], "stale");
    world.publish_list("one");
    let mut skipped = world.list(&[1, 2], "two");
    world.publish_list("three");
    let error = world.publish(Submission { list: Some(stale), ..Submission::default() }).unwrap_err();
    assert!(matches!(error, PublishError::NotNext { .. }), "{error}");
    skipped.statement.previous = None;
    let error = world.publish(Submission { list: Some(skipped), ..Submission::default() }).unwrap_err();
    assert!(error.is_refusal(), "{error}");
}
