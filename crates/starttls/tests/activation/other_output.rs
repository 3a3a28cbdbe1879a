//! Claims about a policy that is in force from another output directory than the settings name.

use super::{Machine, words};

/// The policy of `policy` is in force, and the settings name `elsewhere`.
fn moved() -> Machine {
    let machine = Machine::new();
    machine.done("update");
    machine.settings("elsewhere");
    machine
}

#[test]
fn fault_status_names_the_other_output_directory_whose_policy_is_in_force() {
    let machine = moved();
    for command in ["status", "update", "status"] {
        let output = machine.run(command);
        if command == "update" {
            continue;
        }
        let text = words(&output);
        assert_eq!(output.status.code(), Some(4), "{text}");
        assert!(text.contains("in force: the policy of another output directory, "), "{text}");
        assert!(text.contains("/policy") && text.contains("[activate.other-output]"), "{text}");
        assert!(!text.contains("nothing was put into force yet"), "{text}");
    }
    let json = machine.run("status --format json");
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json.pointer("/in_force/effective"), Some(&false.into()));
    assert!(
        json.pointer("/in_force/other_outputs/0")
            .is_some_and(|path| path.as_str().unwrap().ends_with("/policy"))
    );
}

#[test]
fn fault_status_names_another_output_directory_after_a_deactivation_of_this_one() {
    let machine = Machine::new();
    let before = machine.main_cf();
    machine.done("update");
    let active = machine.main_cf();
    machine.done("generate --mta postfix --deactivate");
    machine.settings("elsewhere");
    machine.done("update --activate");
    machine.done("generate --mta postfix --deactivate");
    assert_eq!(machine.main_cf(), before);
    // By hand, or by a program that restores main.cf.
    machine.write("config/main.cf", &active);
    let output = machine.run("status");
    let text = words(&output);
    assert_eq!(output.status.code(), Some(4), "{text}");
    assert!(text.contains("in force: the policy of another output directory, "), "{text}");
}

#[test]
fn fault_deactivation_refuses_where_postfix_uses_another_output_directory() {
    let machine = moved();
    let active = machine.main_cf();
    let output = machine.run("generate --mta postfix --deactivate");
    let said = words(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(!said.contains("did not name our table"), "{said}");
    let command = said.split('`').find(|part| part.ends_with("/policy --deactivate")).unwrap();
    let json = machine.run("generate --mta postfix --deactivate --format json");
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json.pointer("/outcome"), Some(&"refused".into()));
    assert!(json.pointer("/other_outputs/0").is_some(), "{json}");
    assert_eq!(machine.main_cf(), active);
    // The command that is named does it, and an update that may activate puts the new directory into force.
    machine.done(command.strip_prefix("starttls ").unwrap());
    assert!(!machine.main_cf().contains("current/tls_policy"));
    machine.done("update --activate");
    assert!(machine.main_cf().contains("elsewhere/current/tls_policy"));
    machine.done("status");
}

#[test]
fn fault_a_refused_update_says_without_contradiction_which_policy_is_in_force() {
    let machine = moved();
    let said = words(&machine.run("update"));
    assert!(said.contains("the policy of another output directory is in force: "), "{said}");
    for wrong in ["nothing is in force", "list `ours` is in force"] {
        assert!(!said.contains(wrong), "{wrong}: {said}");
    }
    // The same where nothing can be put into force at all.
    let machine = Machine::new();
    machine.write("config/main.cf", &(machine.main_cf() + "relayhost = [relay.test]\n"));
    let said = words(&machine.run("update"));
    assert!(said.contains("nothing is in force, and nothing was"), "{said}");
    assert!(!said.contains("list `ours` is in force"), "{said}");
}

#[test]
fn fault_an_update_without_a_list_names_the_other_output_directory_that_is_in_force() {
    let machine = moved();
    std::fs::remove_file(machine.0.path().join("list.json")).unwrap();
    for _ in 0..2 {
        let output = machine.run("update --forget-source ours");
        let said = words(&output);
        assert!(!said.contains("nothing is in force"), "{said}");
        let json = machine.run("update --format json");
        let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
        assert_eq!(json.pointer("/policy"), Some(&"refused".into()), "{json}");
        assert!(json.to_string().contains("activate.other-output"), "{json}");
        // The same where the new directory is there.
        std::fs::create_dir_all(machine.0.path().join("elsewhere")).unwrap();
    }
}

#[test]
fn fault_a_deactivation_of_the_directory_in_force_stands_whatever_the_settings_name() {
    let machine = moved();
    let policy = machine.0.path().join("policy");
    machine.done(&format!("generate --mta postfix --output {} --deactivate", policy.display()));
    for _ in 0..2 {
        machine.run("update");
        assert!(!machine.main_cf().contains("current/tls_policy"), "{}", machine.main_cf());
    }
    machine.done("update --activate");
    assert!(machine.main_cf().contains("elsewhere/current/tls_policy"));
    // The directory that was deactivated is named again: the other one is in force, and an update says so.
    machine.settings("policy");
    let output = machine.run("update");
    let said = words(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("[activate.other-output]"), "{said}");
}

#[test]
fn fault_an_update_takes_a_deactivated_table_that_is_named_again_out_of_main_cf() {
    let machine = Machine::new();
    let before = machine.main_cf();
    machine.done("update");
    let active = machine.main_cf();
    machine.done("generate --mta postfix --deactivate");
    machine.run("update");
    // By a program that restores main.cf: the table is gone, and Postfix defers all mail.
    machine.write("config/main.cf", &active);
    let output = machine.run("update");
    let said = words(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("deferred all mail") && said.contains("[update.table-missing]"), "{said}");
    assert_eq!(machine.main_cf(), before);
    // It stays deactivated.
    machine.done("update");
    assert_eq!(machine.main_cf(), before);
}
