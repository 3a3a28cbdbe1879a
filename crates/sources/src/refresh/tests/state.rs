//! The state directory under hostile or unlucky hands.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use starttls_host::DirectoryError;

use super::*;
use crate::{StateDir, StateError};

fn refused(bench: &Bench) -> StateError {
    bench.try_refresh(Keeping::Keep, &day(12)).unwrap_err()
}

/// Puts a link in place of what was there.
fn link_instead(path: &Path) {
    let aside = path.with_extension("moved");
    if path.exists() {
        fs::rename(path, &aside).unwrap();
    }
    symlink(&aside, path).unwrap();
}

#[test]
fn symbolic_links_are_refused_everywhere() {
    for place in ["", "lock", "sources", "sources/main", "sources/main/state.json", "sources/main/incoming"] {
        let (mut world, bench) = accepted();
        let (list, bundle) = published(&mut world, 12, &day(12));
        bench.mirrors.put(ONE, &bundle, &list, &world);
        let place_there = if place.is_empty() { bench.root() } else { bench.root().join(place) };
        link_instead(&place_there);
        let error = refused(&bench);
        assert!(
            matches!(error, StateError::Directory(DirectoryError::SymbolicLink { .. })),
            "{place}: {error}"
        );
    }
}

#[test]
fn a_linked_list_is_refused_too_and_a_linked_target_is_never_written() {
    let (mut world, bench) = accepted();
    let (list, bundle) = published(&mut world, 12, &day(12));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    let victim = bench.holder.path().join("victim");
    fs::write(&victim, "untouched").unwrap();
    symlink(&victim, bench.source().join(format!("list-{}.json", list.statement.sha256))).unwrap();
    symlink(&victim, bench.source().join("state.json.new")).unwrap();
    let incoming = bench.source().join("incoming");
    symlink(&victim, incoming.join(format!("{}.part", list.statement.sha256))).unwrap();
    assert_eq!(bench.refresh(&day(12)).outcome, Outcome::Accepted);
    assert_eq!(fs::read_to_string(victim).unwrap(), "untouched");
    assert_eq!(bench.in_force(&day(12)), Some(12));
}

#[test]
fn files_and_directories_are_closed_to_others() {
    let (_world, bench) = accepted();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    // A strict umask may close them further.
    let extra = |path: &Path, most: u32| mode(path) & !most;
    assert_eq!(extra(&bench.root(), 0o750), 0);
    assert_eq!(extra(&bench.source(), 0o750), 0);
    for name in bench.names().iter().filter(|name| name.contains('-') || name.contains('.')) {
        assert_eq!(extra(&bench.source().join(name), 0o640), 0, "{name}");
    }
    fs::set_permissions(bench.root(), fs::Permissions::from_mode(0o770)).unwrap();
    assert!(matches!(refused(&bench), StateError::Directory(DirectoryError::WritableByOthers { .. })));
}

#[test]
fn a_second_run_is_told_who_holds_the_lock() {
    let bench = Bench::unsigned("");
    let state = bench.state();
    let lock = state.lock().unwrap();
    let error = StateDir::open(&bench.root()).unwrap().lock().unwrap_err();
    assert!(error.to_string().contains(&format!("(process {})", std::process::id())), "{error}");
    drop(lock);
    state.lock().unwrap();
}

#[test]
fn what_is_no_directory_or_not_there_is_said() {
    let bench = Bench::unsigned("");
    assert!(matches!(StateDir::open(&bench.root()), Err(StateError::Missing { .. })));
    assert!(matches!(StateDir::make(&bench.root().join("a/b")), Err(StateError::NoParent { .. })));
    fs::write(bench.root(), "").unwrap();
    assert!(
        matches!(refused(&bench), StateError::Directory(DirectoryError::WrongKind { .. })),
        "{}",
        refused(&bench)
    );
    fs::remove_file(bench.root()).unwrap();
    bench.state();
    fs::write(bench.root().join("sources"), "").unwrap();
    assert!(matches!(refused(&bench), StateError::Directory(DirectoryError::WrongKind { .. })));
}

#[test]
fn damaged_and_later_records_are_said_and_never_overwritten() {
    let (_world, bench) = accepted();
    let path = bench.source().join("state.json");
    let good = fs::read_to_string(&path).unwrap();
    let later = good.replace("\"version\": 1,", "\"version\": 2,");
    for (text, what) in
        [("", "damaged"), ("{", "damaged"), (&good[..good.len() / 2], "damaged"), (&later, "later release")]
    {
        fs::write(&path, text).unwrap();
        let error = refused(&bench).to_string();
        assert!(error.contains(what), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    fs::write(&path, &good).unwrap();
    assert_eq!(bench.in_force(&day(12)), Some(10));
}

#[test]
fn a_kept_list_that_was_changed_is_not_used_but_fetched_anew() {
    let (mut world, bench) = accepted();
    let list = bench.names().into_iter().find(|name| name.starts_with("list-")).unwrap();
    fs::write(bench.source().join(&list), "{}").unwrap();
    let error = crate::load(&bench.settings, &bench.state(), at(&day(12))).unwrap_err();
    assert!(error.to_string().contains("its hash is another one"), "{error}");
    let list = Listing::ordinary(10);
    let bundle = world.publish(&list, &RelaxSet::default(), &day(12));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    assert_eq!(bench.refresh(&day(12)).outcome, Outcome::Confirmed);
    assert_eq!(bench.in_force(&day(12)), Some(10));
}

#[test]
fn the_record_never_goes_back() {
    let (mut world, bench) = accepted();
    let source = bench.state().source(&bench.settings.name).unwrap().unwrap();
    let mut old = source.record().unwrap().unwrap();
    let (list, bundle) = published(&mut world, 12, &day(12));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    bench.refresh(&day(12));
    assert!(matches!(source.switch(&mut old), Err(StateError::Backwards { .. })));
    old.revision = source.record().unwrap().unwrap().revision;
    assert!(matches!(source.switch(&mut old), Err(StateError::Backwards { .. })));
    assert_eq!(bench.in_force(&day(12)), Some(12));
}
