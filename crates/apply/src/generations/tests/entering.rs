//! Entering an output directory.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::super::*;
use super::{in_force, output, publish};

#[test]
fn two_runs_exclude_one_another() {
    let (_holder, root) = output();
    let first = Generations::open(&root).unwrap();
    assert!(matches!(Generations::open(&root), Err(OpenError::Busy { .. })));
    drop(first);
    Generations::open(&root).unwrap();
}

#[test]
fn an_empty_directory_is_taken_and_a_foreign_one_left_alone() {
    let (_holder, root) = output();
    fs::create_dir(&root).unwrap();
    drop(Generations::open(&root).unwrap());
    let (_holder, root) = output();
    fs::create_dir(&root).unwrap();
    fs::write(root.join("main.cf"), "theirs").unwrap();
    let error = Generations::open(&root).unwrap_err();
    assert!(matches!(&error, OpenError::NotOurs { found, .. } if found == "main.cf"), "{error}");
    assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
}

#[test]
fn links_files_and_missing_parents_are_refused() {
    let (holder, root) = output();
    fs::create_dir(holder.path().join("real")).unwrap();
    symlink("real", &root).unwrap();
    assert!(matches!(
        Generations::open(&root),
        Err(OpenError::NotADirectory { kind: "a symbolic link", .. })
    ));
    fs::remove_file(&root).unwrap();
    fs::write(&root, "").unwrap();
    assert!(matches!(Generations::open(&root), Err(OpenError::NotADirectory { kind: "no directory", .. })));
    let deep = holder.path().join("missing/out");
    assert!(matches!(Generations::open(&deep), Err(OpenError::NoParent { .. })));
    assert!(matches!(Generations::open("/".as_ref()), Err(OpenError::NotADirectory { .. })));
}

#[test]
fn directories_that_others_can_write_are_refused() {
    let (holder, root) = output();
    fs::create_dir(&root).unwrap();
    for mode in [0o777, 0o775, 0o757] {
        fs::set_permissions(&root, Permissions::from_mode(mode)).unwrap();
        let error = Generations::open(&root).unwrap_err();
        assert!(matches!(error, OpenError::WritableByOthers { mode: seen, .. } if seen == mode), "{error}");
    }
    fs::set_permissions(&root, Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(holder.path(), Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(Generations::open(&root), Err(OpenError::WritableByOthers { .. })));
    // As in /tmp: others can add files but not move ours away.
    fs::set_permissions(holder.path(), Permissions::from_mode(0o1777)).unwrap();
    Generations::open(&root).unwrap();
}

#[test]
fn directories_of_other_users_are_refused() {
    if !rustix::process::geteuid().is_root() {
        // Only root can give a directory away; an own one stays accepted, as the other tests show.
        return;
    }
    let (_holder, root) = output();
    fs::create_dir(&root).unwrap();
    std::os::unix::fs::chown(&root, Some(12345), None).unwrap();
    assert!(matches!(Generations::open(&root), Err(OpenError::OtherOwner { owner: 12345, us: 0, .. })));
}

#[test]
fn a_marker_cut_short_is_completed_and_a_foreign_one_refused() {
    let (_holder, root) = output();
    drop(Generations::open(&root).unwrap());
    let marker = root.join(".starttls-output");
    let text = fs::read_to_string(&marker).unwrap();
    for length in [0, 1, text.len() - 1] {
        fs::write(&marker, &text[..length]).unwrap();
        drop(Generations::open(&root).unwrap());
        assert_eq!(fs::read_to_string(&marker).unwrap(), text);
    }
    for other in ["starttls output 2\n", "x", &format!("{text}more"), "\u{fffd}"] {
        fs::write(&marker, other).unwrap();
        assert!(matches!(Generations::open(&root), Err(OpenError::UnknownMarker { .. })), "{other:?}");
    }
}

#[test]
fn what_dead_runs_left_is_removed() {
    let (_holder, root) = output();
    let generations = Generations::open(&root).unwrap();
    publish(&generations, "one", 1).unwrap();
    publish(&generations, "two", 1).unwrap();
    drop(generations);
    fs::create_dir_all(root.join("generations/draft/anchors")).unwrap();
    fs::create_dir(root.join("generations/0003")).unwrap();
    symlink("generations/0003", root.join("current.next")).unwrap();
    let generations = Generations::open(&root).unwrap();
    assert_eq!(super::generations_kept(&root), ["0001", "0002"]);
    assert!(fs::symlink_metadata(root.join("current.next")).is_err());
    assert_eq!(publish(&generations, "three", 1).unwrap().number, 3);
}

#[test]
fn fault_a5_a_current_that_is_not_ours_or_dangles_is_mended() {
    let (_holder, root) = output();
    let generations = Generations::open(&root).unwrap();
    publish(&generations, "one", 1).unwrap();
    publish(&generations, "two", 1).unwrap();
    drop(generations);
    fs::remove_dir_all(root.join("generations/0002")).unwrap();
    let generations = Generations::open(&root).unwrap();
    assert_eq!(super::generations_kept(&root), ["0001"]);
    assert_eq!(publish(&generations, "three", 1).unwrap().number, 3);
    assert_eq!(in_force(&root, 1).as_deref(), Some("three"));
    drop(generations);
    for target in ["/etc", "generations/../x", "generations/3", "generations/0003/x"] {
        fs::remove_file(root.join("current")).unwrap();
        symlink(target, root.join("current")).unwrap();
        let generations = Generations::open(&root).unwrap();
        assert!(generations.current().is_err(), "{target}");
        publish(&generations, target, 1).unwrap();
        assert_eq!(in_force(&root, 1).as_deref(), Some(target), "the next swap puts it right");
    }
}

#[test]
fn fault_c9_directory_of_roots_is_entered_by_root() {
    let cure = |owner| OpenError::OtherOwner { path: "/out".into(), owner, us: 1000 }.to_string();
    assert!(cure(0).ends_with("run this as root"), "{}", cure(0));
    assert!(!cure(12345).contains("root"), "{}", cure(12345));
}
