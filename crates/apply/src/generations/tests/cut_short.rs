//! Runs that are cut short at every step: by an error, by `kill -9`, by a full disk.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};

use super::super::*;
use super::{generations_kept, in_force, output, publish};
use starttls_testkit::fault::{Fault, arm, reached};

/// Tells a copy of the test program what to do, and where.
const TASK: &str = "STARTTLS_APPLY_TEST_TASK";
const ROOT: &str = "STARTTLS_APPLY_TEST_ROOT";
const LINES: usize = 5;
/// Two files of this many lines are far above every limit set below.
const MANY_LINES: usize = 100_000;
/// Far above the number of steps in one run.
const MAX_STEPS: usize = 1000;

/// This test again, in a process of its own.
fn child(task: &str, root: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    as_child(&mut command, task, root);
    command
}

fn as_child(command: &mut Command, task: &str, root: &Path) {
    command.args(["generations::tests::cut_short::acts_as_a_child", "--exact", "--nocapture"]);
    command.env(TASK, task).env(ROOT, root).stdout(Stdio::piped()).stderr(Stdio::null());
}

#[test]
fn acts_as_a_child() {
    let (Ok(task), Ok(root)) = (std::env::var(TASK), std::env::var(ROOT)) else { return };
    let root = Path::new(&root);
    if let Some(step) = task.strip_prefix("kill-at-") {
        arm(step.parse().unwrap(), Fault::Kill);
        let generations = Generations::open(root).unwrap();
        publish(&generations, "new", LINES).unwrap();
    } else if task == "for-ever" {
        let generations = Generations::open(root).unwrap();
        for number in 0.. {
            publish(&generations, &format!("word{number}"), LINES).unwrap();
            println!("published");
        }
    } else if task == "fill" {
        let generations = Generations::open(root).unwrap();
        publish(&generations, "new", MANY_LINES).unwrap();
    } else if task == "fill-and-go-on" {
        assert_full_disk_is_survived(root);
    }
}

fn assert_full_disk_is_survived(root: &Path) {
    let generations = Generations::open(root).unwrap();
    publish(&generations, "old", LINES).unwrap();
    let error = publish(&generations, "new", MANY_LINES).unwrap_err();
    assert!(error.contains("cannot write"), "{error}");
    assert!(error.contains("what was in force still is"), "{error}");
    assert_eq!(in_force(root, LINES).as_deref(), Some("old"));
    assert_eq!(generations_kept(root), ["0001"]);
    publish(&generations, "newer", LINES).unwrap();
    assert_eq!(in_force(root, LINES).as_deref(), Some("newer"));
    println!("survived");
}

/// Starts with two generations, so that there is one to keep and one to prune.
fn prepared() -> (tempfile::TempDir, PathBuf) {
    let (holder, root) = output();
    let generations = Generations::open(&root).unwrap();
    publish(&generations, "older", LINES).unwrap();
    publish(&generations, "old", LINES).unwrap();
    (holder, root)
}

#[test]
fn an_error_at_any_step_leaves_old_or_new() {
    let mut outcomes = [0, 0];
    for step in 0..MAX_STEPS {
        let (_holder, root) = prepared();
        arm(step, Fault::Fail);
        let published = Generations::open(&root).map_err(|error| error.to_string()).and_then(|generations| {
            let published = publish(&generations, "new", LINES);
            assert!(!root.join("generations/draft").exists(), "step {step}");
            published
        });
        if !reached() {
            assert!(step > 10, "only {step} steps were tried");
            assert!(outcomes[0] > 0 && outcomes[1] > 0, "{outcomes:?}");
            return;
        }
        let expected = if published.is_ok() { "new" } else { "old" };
        assert_eq!(in_force(&root, LINES).as_deref(), Some(expected), "step {step}");
        outcomes[usize::from(published.is_ok())] += 1;
        let generations = Generations::open(&root).unwrap();
        assert!(generations.previous().unwrap().is_some(), "step {step}");
        publish(&generations, "next", LINES).unwrap();
        assert_eq!(generations_kept(&root).len(), 2, "step {step}");
    }
    panic!("more steps than expected");
}

#[test]
fn a_kill_at_any_step_leaves_old_or_new() {
    let mut seen = Vec::new();
    for step in 0..MAX_STEPS {
        let (_holder, root) = prepared();
        let status = child(&format!("kill-at-{step}"), &root).status().unwrap();
        let word = in_force(&root, LINES).unwrap();
        let generations = Generations::open(&root).unwrap();
        let kept = generations_kept(&root);
        assert_eq!(kept.len(), 2, "step {step}: {kept:?}");
        publish(&generations, "next", LINES).unwrap();
        assert_eq!(in_force(&root, LINES).as_deref(), Some("next"));
        if status.success() {
            assert_eq!(word, "new");
            assert!(seen.contains(&"old".to_owned()) && seen.contains(&"new".to_owned()), "{seen:?}");
            return;
        }
        assert_eq!(status.signal(), Some(9), "step {step}");
        seen.push(word);
    }
    panic!("more steps than expected");
}

#[test]
fn a_kill_at_any_moment_leaves_old_or_new() {
    let (_holder, root) = prepared();
    for round in 1..=10 {
        let mut child = child("for-ever", &root).spawn().unwrap();
        wait_for_lines(&mut child, round);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(in_force(&root, LINES).unwrap().starts_with("word"));
        drop(Generations::open(&root).unwrap());
        assert_eq!(generations_kept(&root).len(), 2);
    }
}

fn wait_for_lines(child: &mut Child, wanted: usize) {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert_eq!(lines.filter(|line| line.as_ref().unwrap() == "published").take(wanted).count(), wanted);
}

#[test]
fn a_file_size_limit_is_reported_and_survived() {
    let (_holder, root) = output();
    let mut command = Command::new("sh");
    // Blocks of 512 or 1024 bytes, by the shell; the ignored signal turns death into an error.
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap());
    as_child(&mut command, "fill-and-go-on", &root);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("survived"));
}

#[test]
fn death_at_a_file_size_limit_leaves_the_old() {
    let (_holder, root) = prepared();
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -c 0; ulimit -f 200; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap());
    as_child(&mut command, "fill", &root);
    let status = command.status().unwrap();
    assert_eq!(status.signal(), Some(25), "{status}");
    assert_eq!(in_force(&root, LINES).as_deref(), Some("old"));
    let generations = Generations::open(&root).unwrap();
    assert_eq!(generations_kept(&root), ["0001", "0002"]);
    publish(&generations, "next", LINES).unwrap();
}

#[test]
fn a_full_file_system_is_reported_and_survived() {
    let (holder, root) = output();
    let mount = "mount -t tmpfs -o size=512k starttls-test \"$0\"";
    let mut trial = Command::new("unshare");
    trial.args(["--mount", "sh", "-c", mount]).arg(holder.path()).stderr(Stdio::null());
    if !trial.status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: making a small file system needs root");
        return;
    }
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &format!("{mount}; exec \"$@\"")]);
    command.arg(holder.path()).arg(std::env::current_exe().unwrap());
    as_child(&mut command, "fill-and-go-on", &root);
    let output = command.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("survived"), "{output:?}");
}
