//! Runs that died between two steps, and what the next one makes of it.

use super::*;

#[test]
fn before_the_checkpoint_leave_tiles_that_the_next_run_overwrites() {
    let world = World::new();
    world.publish_list("one");
    let home = world.disk.path().join("home");
    fs::write(home.join("tile/0/000.p/5"), "of a tree that was never signed").unwrap();
    fs::create_dir_all(home.join("tile/entries/000.p")).unwrap();
    fs::write(home.join("tile/entries/000.p/5"), "the same").unwrap();
    world.publish_list("two");
    assert_eq!(world.client(None).memory.list.serial, 2);
}

#[test]
fn before_the_proof_leave_the_old_publication_in_force_and_a_rerun_completes() {
    let world = World::new();
    world.publish_list("one");
    let old = fs::read(world.directory().join("proof.json")).unwrap();
    let two = Submission { list: Some(world.list(&[1, 2], "two")), ..Submission::default() };
    let again = Submission { list: Some(world.list(&[1, 2], "two")), ..Submission::default() };
    world.publish(two).unwrap();
    fs::write(world.directory().join("proof.json"), old).unwrap();
    assert_eq!(world.client(None).memory.list.serial, 1);
    world.publish(again).unwrap();
    assert_eq!(world.client(None).memory.list.serial, 2);
}

#[test]
fn that_lost_the_logs_memory_are_seen_before_anything_is_signed() {
    let world = World::new();
    world.publish_list("one");
    let before = world.snapshot();
    fs::remove_dir_all(world.disk.path().join("home")).unwrap();
    let error = world.publish(Submission::default()).unwrap_err();
    assert!(matches!(error, PublishError::HomeBehind { .. }), "{error}");
    assert_eq!(world.snapshot(), before);
    assert!(!world.disk.path().join("home/checkpoint").exists());
    // The cure that the error names.
    let (home, public) = (world.disk.path().join("home"), world.directory());
    fs::copy(public.join("checkpoint"), home.join("checkpoint")).unwrap();
    let copied = std::process::Command::new("cp").arg("-r").arg(public.join("tile")).arg(&home).status();
    assert!(copied.unwrap().success());
    world.publish_list("two");
}

#[test]
fn while_another_run_is_at_work_do_not_happen() {
    let world = World::new();
    let _held = world.home();
    let second = LogHome::open(&world.disk.path().join("home"), organisation(9));
    assert!(matches!(second, Err(PublishError::Busy { .. })));
}

#[test]
fn of_a_disk_that_takes_no_more_leave_the_old_publication() {
    let world = World::new();
    world.publish_list("one");
    let memory = world.client(None).memory;
    // A directory in the place of a file refuses every write, whoever runs this.
    fs::remove_file(world.directory().join("list.json")).unwrap();
    fs::create_dir(world.directory().join("list.json")).unwrap();
    let list = Some(world.list(&[1, 2], "two"));
    let error = world.publish(Submission { list, ..Submission::default() }).unwrap_err();
    assert!(matches!(error, PublishError::File(FileError::Write { .. })), "{error}");
    assert_eq!(world.client(Some(&memory)).memory.list.serial, 1);
}
