//! What is published: accepted, repeated, complete.

use super::*;

#[test]
fn are_accepted_by_clients_one_after_another() {
    let world = World::new();
    let first = world.publish_list("one");
    assert_eq!((first.statement.serial, first.head.size), (1, 3));
    assert_eq!(first.signers, ["alpha", "beta"]);
    let memory = world.client(None).memory;
    world.later(1);
    let second = world.publish_list("two");
    assert_eq!((second.statement.serial, second.head.size), (2, 5));
    let memory = world.client(Some(&memory)).memory;
    assert_eq!(memory.list.serial, 2);
    assert_eq!(world.client(None).memory.list.serial, 2);
}

#[test]
fn repeated_change_nothing() {
    let world = World::new();
    let list = || Some(world.list(&[1, 2], "one"));
    let one = Submission { roots: world.roots(), list: list(), ..Submission::default() };
    let again = Submission { roots: world.roots(), list: list(), ..Submission::default() };
    world.publish(one).unwrap();
    let before = world.snapshot();
    // The list that is built now would follow the published one; the very same is given again.
    let first = NewList { ..again.list.unwrap() };
    world.publish(Submission { list: Some(first), ..Submission::default() }).unwrap();
    assert_eq!(world.snapshot(), before);
}

#[test]
fn have_all_files_that_the_specification_names() {
    let world = World::new();
    let published = world.publish_list("one");
    let directory = world.directory();
    let sha256 = published.statement.sha256;
    for name in [
        "proof.json",
        "checkpoint",
        "list.json",
        "list-0.1.json",
        "root/1.note",
        "tile/0/000.p/3",
        "tile/entries/000.p/3",
        &format!("list/{sha256}.json"),
    ] {
        assert!(directory.join(name).is_file(), "{name}");
    }
    assert_eq!(fs::read_dir(directory.join("note")).unwrap().count(), 2);
    let text = fs::read(directory.join("list-0.1.json")).unwrap();
    assert_eq!(starttls_policy::read::list(&text).unwrap().entries.len(), 4);
}

#[test]
fn join_what_others_signed_apart() {
    let world = World::new();
    let mut list = world.list(&[1], "one");
    let other = signed(list.statement.clone(), &[3]);
    list.note = list.note.joined_with(&other).unwrap();
    let roots = world.roots();
    let published = world.publish(Submission { roots, list: Some(list), ..Submission::default() }).unwrap();
    assert_eq!(published.signers, ["alpha", "gamma"]);
}
