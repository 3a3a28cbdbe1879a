//! Who must have signed.

use super::*;

#[test]
fn below_the_threshold_are_refused_by_name() {
    let world = World::new();
    let list = Some(world.list(&[1], "one"));
    let error =
        world.publish(Submission { roots: world.roots(), list, ..Submission::default() }).unwrap_err();
    assert!(matches!(error, PublishError::ListThreshold(_)) && error.is_refusal(), "{error}");
    assert!(world.snapshot().is_empty());
    assert_eq!(world.home().head().size, 0);
}

#[test]
fn under_another_list_are_refused() {
    let world = World::new();
    let mut list = world.list(&[1, 2], "one");
    list.bytes.push(b'\n');
    let error = world
        .publish(Submission { roots: world.roots(), list: Some(list), ..Submission::default() })
        .unwrap_err();
    assert!(matches!(error, PublishError::Untrue(_)), "{error}");
}

#[test]
fn of_a_key_that_is_not_the_logs_are_never_made() {
    let world = World::new();
    let mut home = LogHome::open(&world.disk.path().join("other"), organisation(8)).unwrap();
    let list = Some(world.list(&[1, 2], "one"));
    let submission = Submission { roots: world.roots(), list, ..Submission::default() };
    let error = publish(&world.directory(), &mut home, submission, &world.witnesses, time(START));
    assert!(matches!(error, Err(PublishError::NotTheLogKey { version: 1 })));
}
