//! Steps that fail: everything comes back.

use std::fs;

use starttls_mta::{Need, Setting};

use super::super::*;
use super::server::{Server, exists, key_copy, wanted, write};
use starttls_testkit::fault::{Fault, arm, reached};

/// Far above the number of steps.
const MAX_STEPS: usize = 1000;

fn undone(error: ActivateError) -> (StepError, Undone) {
    match error {
        ActivateError::Undone { cause, undone } => (cause, undone),
        other => panic!("{other}"),
    }
}

#[test]
fn a_reload_that_fails_brings_back_every_byte_and_reloads_again() {
    let server = Server::new();
    let before = server.main_cf();
    server.flag("reload-fails");
    let generations = server.generations();
    let (cause, undone) = undone(server.activate(&generations, "one").unwrap_err());
    assert!(cause.to_string().contains("no reload today"), "{cause}");
    assert_eq!(undone.main_cf, MainCfBack::Bytes);
    assert!(undone.troubles.is_empty(), "{undone}");
    assert_eq!(server.main_cf(), before);
    assert_eq!(server.reloads(), 2);
    assert!(!exists(&server.root.join("activation")) && !exists(&key_copy(&server, "one")));
    server.activate(&generations, "two").unwrap();
}

#[test]
fn a_reload_that_fails_brings_back_the_generation_before() {
    let server = Server::new();
    let generations = server.generations();
    server.activate(&generations, "one").unwrap();
    let active = server.main_cf();
    server.flag("reload-fails");
    let (_, undone) = undone(server.activate(&generations, "two").unwrap_err());
    assert_eq!((undone.main_cf, server.main_cf()), (MainCfBack::Untouched, active));
    assert_eq!(generations.current().unwrap(), Some(1));
    assert!(exists(&key_copy(&server, "one")) && !exists(&key_copy(&server, "two")));
}

#[test]
fn a_server_that_dies_of_the_reload_is_reported() {
    let server = Server::new();
    let before = server.main_cf();
    server.flag("reload-stops");
    let generations = server.generations();
    let (cause, undone) = undone(server.activate(&generations, "one").unwrap_err());
    assert!(matches!(cause, StepError::Stopped));
    assert!(undone.to_string().contains("start it with `postfix start`"), "{undone}");
    assert_eq!(server.main_cf(), before);
}

#[test]
fn an_edit_that_breaks_off_half_way_is_undone() {
    let server = Server::new();
    let before = server.main_cf();
    let generations = server.generations();
    let ready = write(&generations, "one");
    let setting = Setting {
        name: "smtp_dns_support_level",
        value: "dnssec".into(),
        reason: "test",
        need: Need::Required,
    };
    let wanted = Wanted { settings: std::slice::from_ref(&setting), ..wanted() };
    let plan = Plan::make(&server.instance, &generations, Some(&ready), &wanted).unwrap();
    assert_eq!(plan.changes.len(), 2);
    server.flag("edit-breaks-off");
    let (cause, undone) = undone(activate(plan, &generations, Some(ready)).unwrap_err());
    assert!(cause.to_string().contains("broken off"), "{cause}");
    assert_eq!((undone.main_cf, server.main_cf()), (MainCfBack::Bytes, before));
}

#[test]
fn somebody_elses_edit_survives_the_undoing() {
    let server = Server::new();
    let before = server.main_cf();
    server.flag("someone-edits");
    server.flag("reload-fails");
    let generations = server.generations();
    let (_, undone) = undone(server.activate(&generations, "one").unwrap_err());
    assert_eq!(undone.main_cf, MainCfBack::Settings);
    // The fake adds a line at each of the two reloads.
    assert_eq!(server.main_cf(), before + "# theirs\n# theirs\n");
}

#[test]
fn a_change_after_the_plan_is_not_overwritten() {
    let server = Server::new();
    let generations = server.generations();
    let ready = write(&generations, "one");
    let plan = server.plan(&generations, Some(&ready));
    server.add_to_main_cf("relayhost =\n");
    let now = server.main_cf();
    let error = activate(plan, &generations, Some(ready)).unwrap_err();
    assert!(matches!(error, ActivateError::Changed { .. }), "{error}");
    assert_eq!(server.main_cf(), now);
    assert_eq!(generations.current().unwrap(), None);
}

#[test]
fn a_table_that_does_not_answer_is_taken_out_again() {
    let server = Server::new();
    let before = server.main_cf();
    let generations = server.generations();
    server.flag("answers-nothing");
    let (cause, _) = undone(server.activate(&generations, "one").unwrap_err());
    assert!(matches!(cause, StepError::NotAnswering { .. }), "{cause}");
    assert_eq!((server.main_cf(), server.reloads()), (before, 0));
}

#[test]
fn a_failure_at_any_step_of_activation_leaves_all_or_nothing() {
    for step in 0..MAX_STEPS {
        let server = Server::new();
        let before = server.main_cf();
        let generations = server.generations();
        let ready = write(&generations, "one");
        let plan = server.plan(&generations, Some(&ready));
        arm(step, Fault::Fail);
        let outcome = activate(plan, &generations, Some(ready));
        if !reached() {
            assert!(step > 10, "only {step} steps were tried");
            return;
        }
        match outcome {
            Ok(_) => assert!(exists(&server.root.join("current/tls_policy"))),
            Err(error) => {
                let (_, undone) = undone(error);
                assert!(undone.troubles.is_empty(), "step {step}: {undone}");
                assert_eq!(server.main_cf(), before, "step {step}");
                assert!(!exists(&key_copy(&server, "one")), "step {step}");
            }
        }
        server.deactivate(&generations).unwrap();
        assert_eq!(server.main_cf(), before, "step {step}");
    }
    panic!("more steps than expected");
}

#[test]
fn a_failure_at_any_step_of_deactivation_leaves_all_or_nothing() {
    for step in 0..MAX_STEPS {
        let server = Server::new();
        let before = server.main_cf();
        let generations = server.generations();
        server.activate(&generations, "one").unwrap();
        let active = server.main_cf();
        arm(step, Fault::Fail);
        let outcome = server.deactivate(&generations);
        if !reached() {
            assert!(step > 3, "only {step} steps were tried");
            return;
        }
        if outcome.is_ok() {
            assert_eq!(server.main_cf(), before, "step {step}");
        } else {
            assert_eq!(server.main_cf(), active, "step {step}");
            assert!(fs::metadata(server.root.join("current/tls_policy")).is_ok(), "step {step}");
        }
        server.deactivate(&generations).unwrap();
        assert_eq!(server.main_cf(), before, "step {step}");
    }
    panic!("more steps than expected");
}

#[test]
fn a_deactivation_whose_reload_fails_deletes_nothing() {
    let server = Server::new();
    let generations = server.generations();
    server.activate(&generations, "one").unwrap();
    let active = server.main_cf();
    server.flag("reload-fails");
    let error = server.deactivate(&generations).unwrap_err();
    assert!(error.to_string().starts_with("not deactivated: "), "{error}");
    assert_eq!(server.main_cf(), active);
    assert!(exists(&server.root.join("current/tls_policy")) && exists(&key_copy(&server, "one")));
}
