//! Runs that are cut short at every step: by an error, by `kill -9`, by a full disk.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;
use crate::settings::{HttpsUrl, Place, RelaxOrders, SourceName, SourceSettings, Trust, Witnessed};
use crate::testing::Mirrors;
use starttls_testkit::fault::{Fault, arm, reached};

/// Tells a copy of the test program what to do, and where.
const TASK: &str = "STARTTLS_SOURCES_TEST_TASK";
const ROOT: &str = "STARTTLS_SOURCES_TEST_ROOT";
/// Far above the number of steps in one run.
const MAX_STEPS: usize = 1000;

/// Serial 10 is accepted, and 12 lies at the mirror.
fn prepared() -> Bench {
    let (mut world, bench) = accepted();
    let (list, bundle) = published(&mut world, 12, &day(12));
    bench.mirrors.put(ONE, &bundle, &list, &world);
    bench
}

/// The same source in another process.
fn there(root: &Path) -> Bench {
    let bench = prepared();
    let settings = SourceSettings::new(
        SourceName::parse("main").unwrap(),
        Trust::Witnessed(Witnessed {
            root: root.join("root.note"),
            place: Place::Urls(vec![HttpsUrl::parse(ONE).unwrap()]),
            relax_orders: RelaxOrders::Accept,
        }),
    );
    Bench { settings, ..bench }
}

fn run(root: &Path) -> Result<Refreshed, StateError> {
    let Bench { mirrors, settings, .. } = there(root);
    let lock = crate::StateDir::make(&root.join("state"))?.lock()?;
    refresh_from(&settings, &mirrors, &lock)
}

fn refresh_from(settings: &SourceSettings, mirrors: &Mirrors, lock: &Lock) -> Result<Refreshed, StateError> {
    let outside =
        Outside { fetch: mirrors, git: &crate::Git::system(), order: &|count| (0..count).collect() };
    refresh(settings, lock, outside, Keeping::Keep, at(&day(12)))
}

fn as_child(command: &mut Command, task: &str, root: &Path) {
    command.args(["refresh::tests::cut_short::acts_as_a_child", "--exact", "--nocapture"]);
    command.env(TASK, task).env(ROOT, root).stdout(Stdio::piped()).stderr(Stdio::null());
}

#[test]
fn acts_as_a_child() {
    let (Ok(task), Ok(root)) = (std::env::var(TASK), std::env::var(ROOT)) else { return };
    let root = Path::new(&root);
    if let Some(step) = task.strip_prefix("kill-at-") {
        let Bench { mirrors, settings, .. } = there(root);
        let lock = crate::StateDir::make(&root.join("state")).unwrap().lock().unwrap();
        arm(step.parse().unwrap(), Fault::Kill);
        refresh_from(&settings, &mirrors, &lock).unwrap();
    } else if task == "fill" {
        let mut filler = Vec::new();
        while fs::write(root.join("filler"), &filler).is_ok() {
            filler.extend([0; 4096]);
        }
        let error = run(root).unwrap_err();
        let words = format!("{error}: {:?}", std::error::Error::source(&error));
        assert!(words.contains("make room on its disk; what was in force still is"), "{words}");
        fs::remove_file(root.join("filler")).unwrap();
        assert_eq!(run(root).unwrap().outcome, Outcome::Accepted);
        println!("survived");
    } else if task == "read-only" {
        let error = run(root).unwrap_err();
        assert!(error.to_string().contains("mounted read-only; what was in force still is"), "{error}");
        println!("survived");
    }
}

#[test]
fn an_error_at_any_step_leaves_old_or_new() {
    let mut outcomes = [0, 0];
    for step in 0..MAX_STEPS {
        let bench = prepared();
        arm(step, Fault::Fail);
        let refreshed = bench.try_refresh(Keeping::Keep, &day(12));
        if !reached() {
            assert!(step > 10, "only {step} steps were tried");
            assert!(outcomes[0] > 0 && outcomes[1] > 0, "{outcomes:?}");
            return;
        }
        let serial = bench.in_force(&day(12)).unwrap();
        if let Ok(refreshed) = refreshed {
            assert_eq!(refreshed.in_force.list().unwrap().list.head.serial, serial, "step {step}");
        }
        assert!(serial == 10 || serial == 12, "step {step}");
        outcomes[usize::from(serial == 12)] += 1;
        bench.refresh(&day(12));
        assert_eq!(bench.in_force(&day(12)), Some(12), "step {step}");
    }
    panic!("more steps than expected");
}

#[test]
fn a_kill_at_any_step_leaves_old_or_new() {
    let mut seen = Vec::new();
    for step in 0..MAX_STEPS {
        let bench = prepared();
        let mut command = Command::new(std::env::current_exe().unwrap());
        as_child(&mut command, &format!("kill-at-{step}"), bench.holder.path());
        let status = command.status().unwrap();
        let serial = bench.in_force(&day(12)).unwrap();
        bench.refresh(&day(12));
        assert_eq!(bench.in_force(&day(12)), Some(12), "step {step}");
        let names = bench.names();
        assert_eq!(
            names.iter().filter(|name| name.starts_with("list-")).count(),
            2,
            "step {step}: {names:?}"
        );
        assert!(!names.iter().any(|name| name.contains(".new")), "step {step}: {names:?}");
        if status.success() {
            assert_eq!(serial, 12);
            assert!(seen.contains(&10) && seen.contains(&12), "{seen:?}");
            return;
        }
        assert_eq!(status.signal(), Some(9), "step {step}");
        seen.push(serial);
    }
    panic!("more steps than expected");
}

/// Runs a task with a file system of its own below the state directory; skipped where we may not mount.
fn in_a_mount(task: &str, mount: &str) {
    let bench = prepared();
    let mut trial = Command::new("unshare");
    trial.args(["--mount", "sh", "-c", mount]).arg(bench.holder.path()).stderr(Stdio::null());
    if !trial.status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: making a file system needs root");
        return;
    }
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &format!("{mount} && exec \"$@\"")]);
    command.arg(bench.holder.path()).arg(std::env::current_exe().unwrap());
    as_child(&mut command, task, bench.holder.path());
    let output = command.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("survived"), "{output:?}");
    assert_eq!(bench.in_force(&day(12)), Some(10));
}

#[test]
fn a_full_disk_is_reported_and_survived() {
    // A small disk with a copy of all that was there.
    in_a_mount(
        "fill",
        "set -e; mkdir -p \"$0.disk\"; mount -t tmpfs -o size=256k starttls-test \"$0.disk\"; cp -a \"$0/.\" \"$0.disk\"; \
         mount --bind \"$0.disk\" \"$0\"",
    );
}

#[test]
fn a_read_only_disk_is_reported_and_survived() {
    in_a_mount("read-only", "set -e; mount --bind \"$0\" \"$0\"; mount -o remount,ro,bind \"$0\"");
}
