//! Runs that die: the next one finds a server that works, and can undo what was begun.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::server::{Server, exists, key_copy};
use starttls_testkit::fault::{Fault, arm};

/// Tells a copy of the test program what to do, at which step to die, and where.
const TASK: &str = "STARTTLS_APPLY_TEST_DEACTIVATES";
const STEP: &str = "STARTTLS_APPLY_TEST_STEP";
const HOME: &str = "STARTTLS_APPLY_TEST_HOME";
/// Far above the number of steps.
const MAX_STEPS: usize = 1000;

#[test]
fn acts_as_a_child() {
    let (Ok(step), Ok(home)) = (std::env::var(STEP), std::env::var(HOME)) else { return };
    let server = Server::at(Path::new(&home));
    let generations = server.generations();
    arm(step.parse().unwrap(), Fault::Kill);
    if std::env::var_os(TASK).is_some() {
        server.deactivate(&generations).unwrap();
    } else {
        server.activate(&generations, "one").unwrap();
    }
}

/// Tells whether the child came to its end.
fn run_child(server: &Server, step: usize, deactivates: bool) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["postfix::tests::dying::acts_as_a_child", "--exact"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    child.env(STEP, step.to_string()).env(HOME, server.home());
    if deactivates {
        child.env(TASK, "yes");
    }
    child.status().unwrap().success()
}

/// What main.cf names must exist: a missing table defers all mail.
fn assert_mail_flows(server: &Server, step: usize) {
    let table = server.root.join("current/tls_policy");
    let is_named = server.main_cf().contains(&*table.to_string_lossy());
    assert!(!is_named || exists(&table), "step {step}");
    assert!(!is_named || exists(&key_copy(server, "one")), "step {step}");
}

#[test]
fn a_kill_at_any_step_of_activation_can_be_undone() {
    for step in 0..MAX_STEPS {
        let server = Server::new();
        let before = server.main_cf();
        let has_ended = run_child(&server, step, false);
        assert_mail_flows(&server, step);
        let generations = server.generations();
        server.deactivate(&generations).unwrap();
        assert_eq!(server.main_cf(), before, "step {step}");
        assert_eq!(fs::read_dir(server.home().join("queue")).unwrap().count(), 0, "step {step}");
        assert!(!exists(&server.config.join("main.cf.starttls-new")), "step {step}");
        if has_ended {
            assert!(step > 20, "only {step} steps were tried");
            return;
        }
    }
    panic!("more steps than expected");
}

#[test]
fn a_kill_at_any_step_of_deactivation_can_be_gone_on_with() {
    for step in 0..MAX_STEPS {
        let server = Server::new();
        let before = server.main_cf();
        server.activate(&server.generations(), "one").unwrap();
        let has_ended = run_child(&server, step, true);
        assert_mail_flows(&server, step);
        let reloads = server.reloads();
        let undeleted = exists(&server.root.join("current"));
        server.deactivate(&server.generations()).unwrap();
        // As long as a file is left, the mail system hears of it before the file goes.
        assert!(!undeleted || server.reloads() > reloads, "step {step}");
        assert_eq!(server.main_cf(), before, "step {step}");
        assert!(!exists(&server.config.join("main.cf.starttls-new")), "step {step}");
        assert!(!exists(&server.root.join("current")) && !exists(&key_copy(&server, "one")), "step {step}");
        if has_ended {
            assert!(step > 3, "only {step} steps were tried");
            return;
        }
    }
    panic!("more steps than expected");
}
