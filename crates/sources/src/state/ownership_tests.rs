//! Root and the user of a state directory work in it together.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::PathBuf;

use rustix::process::geteuid;

use super::*;
use crate::StateDir;
use crate::overrides::{self, Act, Actor, FileError, Record};
use crate::testing::Bench;

/// A user that no system has.
const SERVICE: u32 = 54_321;

/// A state directory of the service's user; of our own, where the tests do not run as root and cannot give it away.
fn state_directory(bench: &Bench) -> u32 {
    fs::set_permissions(bench.holder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(bench.root()).unwrap();
    fs::set_permissions(bench.root(), fs::Permissions::from_mode(0o750)).unwrap();
    if !geteuid().is_root() {
        return geteuid().as_raw();
    }
    chown(bench.root(), Some(SERVICE), Some(SERVICE)).unwrap();
    SERVICE
}

fn removal() -> Record {
    Record {
        at: crate::testing::at("2026-11-22T00:00:00Z"),
        by: Actor::uid(0),
        domain: starttls_policy::Domain::parse("a.example").unwrap(),
        act: Act::Remove { reason: None },
    }
}

/// Everything in a directory, with what is below.
fn all_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all_below(&path));
        }
        found.push(path);
    }
    found
}

const LIST: &str = r#"{"version": "1", "author": "A", "serial": 1, "timestamp": "2026-11-01T00:00:00Z",
    "expires": "2027-01-01T00:00:00Z", "policies": {"a.example": {"mode": "enforce", "mx": ["mx.a.example"]}}}"#;

#[test]
fn fault_what_root_does_in_a_state_directory_belongs_to_its_owner() {
    let bench = Bench::unsigned(LIST);
    let owner = state_directory(&bench);
    overrides::append(&bench.root(), &removal(), |_| Ok::<(), FileError>(())).unwrap();
    let refreshed = bench.refresh("2026-11-22T00:00:00Z");
    let lock = bench.state().lock().unwrap();
    crate::compile(refreshed.in_force.list().unwrap(), &lock).unwrap();
    lock.write_note("in-force.json", b"{}").unwrap();
    let files = all_below(&bench.root());
    assert!(files.len() > 5, "{files:?}");
    for path in files {
        assert_eq!(fs::symlink_metadata(&path).unwrap().uid(), owner, "{}", path.display());
    }
    // The thread is itself again.
    let own = bench.holder.path().join("own");
    fs::write(&own, "").unwrap();
    assert_eq!(fs::metadata(own).unwrap().uid(), geteuid().as_raw());
}

#[test]
fn fault_a_file_that_root_left_is_named_with_owner_and_cure() {
    let bench = Bench::unsigned(LIST);
    let owner = state_directory(&bench);
    let file = bench.root().join(overrides::FILE);
    fs::write(&file, "").unwrap();
    let sources = bench.root().join("sources");
    fs::create_dir(&sources).unwrap();
    for path in [&file, &sources] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let errors = [
        overrides::read(&bench.root()).map(drop).map_err(|error| error.to_string()),
        StateDir::open(&bench.root())
            .unwrap()
            .source(&bench.settings.name)
            .map(drop)
            .map_err(|error| error.to_string()),
    ];
    if owner != SERVICE {
        // Files of our own user are no obstacle.
        assert!(errors.iter().all(Result::is_ok), "{errors:?}");
        return;
    }
    for (error, path) in errors.into_iter().zip([file, sources]) {
        let error = error.unwrap_err();
        let cure = format!("chown -R --no-dereference {owner}:{owner} {}", path.display());
        assert!(error.contains("belongs to user 0") && error.contains(&cure), "{error}");
    }
}
