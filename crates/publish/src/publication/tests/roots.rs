//! New roots.

use super::*;

fn rotated(world: &World, signers: &[u8], timestamp: &str) -> String {
    let old = world.anchor().root().clone();
    let new = crate::root::next(&template(4, 1), &old, time(timestamp)).unwrap();
    signed(new, signers).to_string()
}

#[test]
fn rotate_by_the_old_and_the_new_organisations() {
    let mut world = World::new();
    world.publish_list("one");
    let memory = world.client(None).memory;
    let text = rotated(&world, &[1, 2], START);
    world.roots.push(text);
    world.publish(Submission { roots: world.roots(), ..Submission::default() }).unwrap();
    let memory = world.client(Some(&memory)).memory;
    assert_eq!(memory.root.version, 2);
    world.later(1);
    // Gamma's new key (4) counts, its old one (3) no longer does.
    let list = Some(world.list(&[1, 3], "two"));
    assert!(world.publish(Submission { list, ..Submission::default() }).is_err());
    let list = Some(world.list(&[1, 4], "two"));
    world.publish(Submission { list, ..Submission::default() }).unwrap();
    assert_eq!(world.client(Some(&memory)).memory.list.serial, 2);
}

#[test]
fn without_enough_signatures_skipped_or_dated_ahead_are_refused() {
    let cases: [(&[u8], &str); 2] = [(&[1, 4], START), (&[1, 2], "2026-11-23T00:00:00Z")];
    for (signers, timestamp) in cases {
        let mut world = World::new();
        world.publish_list("one");
        let before = world.snapshot();
        let text = rotated(&world, signers, timestamp);
        world.roots.push(text);
        let error = world.publish(Submission { roots: world.roots(), ..Submission::default() }).unwrap_err();
        let is_right = matches!(error, PublishError::Chain(_) | PublishError::RootNotYet { .. });
        assert!(is_right && error.is_refusal(), "{signers:?} {timestamp}: {error}");
        assert_eq!(world.snapshot(), before);
    }
}
