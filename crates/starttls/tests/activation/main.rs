//! Activation and deactivation of a Postfix whose tools are scripts, by the commands that operators run.
#![expect(clippy::unwrap_used, reason = "a test")]

mod other_output;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

const LIST: &str = r#"{"version": "1", "author": "A", "serial": 1, "timestamp": "2026-01-01T00:00:00Z",
    "expires": "2099-01-01T00:00:00Z", "policies": {"a.example": {"mode": "enforce", "mx": ["mx.a.example"]}}}"#;
const TOOLS: [(&str, &str); 3] = [
    ("postconf", include_str!("../../../apply/src/postfix/tests/tools/postconf")),
    ("postmap", include_str!("../../../apply/src/postfix/tests/tools/postmap")),
    ("postfix", include_str!("../../../apply/src/postfix/tests/tools/postfix")),
];
const DEFAULTS: &str = "smtp_tls_policy_maps =\nsmtp_tls_CAfile =\nsmtp_tls_CApath =\ndefault_transport = smtp\n\
    relayhost =\nsmtp_dns_support_level =\nsmtp_host_lookup = dns\ncompatibility_level = 3.6\n\
    smtp_tls_fingerprint_digest = sha256\n";
const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let home = starttls_testkit::world::directory().unwrap();
        let machine = Self(home);
        let shown = machine.0.path().canonicalize().unwrap().display().to_string();
        for directory in ["config", "tools", "queue"] {
            fs::create_dir(machine.0.path().join(directory)).unwrap();
        }
        for (name, body) in TOOLS {
            let path = format!("tools/{name}");
            machine.write(&path, &format!("#!/bin/sh\n{body}\n"));
            let executable = fs::Permissions::from_mode(0o755);
            fs::set_permissions(machine.0.path().join(path), executable).unwrap();
        }
        machine.write("ca.pem", PEM);
        machine.write("defaults", &format!("{DEFAULTS}queue_directory = {shown}/queue\n"));
        machine.write("config/main.cf", &format!("myhostname = a.test\nsmtp_tls_CAfile = {shown}/ca.pem\n"));
        machine.write("config/master.cf", "smtp unix - - n - - smtp\n");
        machine.write("config/running", "");
        machine.write("list.json", LIST);
        machine.settings("policy");
        machine
    }

    fn settings(&self, output: &str) {
        let shown = self.0.path().canonicalize().unwrap().display().to_string();
        self.write(
            "starttls.toml",
            &format!(
                "state-dir = \"state\"\n[postfix]\noutput = \"{shown}/{output}\"\nconfig = \"{shown}/config\"\n\
                 commands = \"{shown}/tools\"\nprobe = false\n[update]\nwithdrawal-timer = \"own\"\n\
                 [[list]]\nname = \"ours\"\ntrust = \"unsigned\"\nfile = \"list.json\"\n"
            ),
        );
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn main_cf(&self) -> String {
        fs::read_to_string(self.0.path().join("config/main.cf")).unwrap()
    }

    fn run(&self, words: &str) -> Output {
        starttls_testkit::world::program(env!("CARGO_BIN_EXE_starttls"))
            .args(["--config", "starttls.toml"])
            .args(words.split(' '))
            .current_dir(self.0.path())
            .output()
            .unwrap()
    }

    /// Runs it, and expects it to succeed.
    fn done(&self, words: &str) {
        let output = self.run(words);
        assert!(output.status.success(), "{words}: {output:?}");
    }
}

#[test]
fn fault_b2_deactivation_outlives_the_output_directory_and_a_change_of_its_name() {
    let machine = Machine::new();
    let before = machine.main_cf();
    machine.done("update");
    assert!(machine.main_cf().contains("current/tls_policy"));
    machine.done("generate --mta postfix --deactivate");
    fs::remove_dir_all(machine.0.path().join("policy")).unwrap();
    machine.run("update");
    assert_eq!(machine.main_cf(), before);
    machine.settings("elsewhere");
    machine.run("update");
    assert_eq!(machine.main_cf(), before);
    machine.done("update --activate");
    assert!(machine.main_cf().contains("elsewhere/current/tls_policy"));
    machine.done("update");
    assert!(machine.main_cf().contains("elsewhere/current/tls_policy"));
}

#[test]
fn fault_d7_damaged_deactivation_records_never_activate_again() {
    let damages: [(&str, &[(&str, &str)]); 4] = [
        // The record of the output directory, where none is in the state directory, is damaged, or cannot be read.
        ("a lost note", &[("policy/state.json", "{\"state\": \"deact"), ("state/deactivated.json", "null")]),
        ("two damaged ones", &[("policy/state.json", ""), ("state/deactivated.json", "{\"sin")]),
        // The note of the state directory, where the output directory is gone.
        ("a damaged note", &[("state/deactivated.json", "{\"since\": 1,")]),
        ("an empty note", &[("state/deactivated.json", "")]),
    ];
    for (name, files) in damages {
        let machine = Machine::new();
        let before = machine.main_cf();
        machine.done("update");
        machine.done("generate --mta postfix --deactivate");
        if !files.iter().any(|(path, _)| path.starts_with("policy/")) {
            fs::remove_dir_all(machine.0.path().join("policy")).unwrap();
        }
        for (path, text) in files {
            machine.write(path, text);
        }
        for turn in 0..2 {
            let output = machine.run("update");
            let words = String::from_utf8_lossy(&output.stderr);
            assert_eq!(machine.main_cf(), before, "{name}: {words}");
            assert_eq!(output.status.code(), Some(3), "{name}: {words}");
            if turn > 0 {
                // The same message is not repeated within a day.
                continue;
            }
            assert!(words.contains("update.deactivation-unknown"), "{name}: {words}");
            assert!(words.contains("starttls update --activate"), "{name}: {words}");
            assert!(words.contains("generate --mta postfix --deactivate"), "{name}: {words}");
        }
        machine.done("generate --mta postfix --deactivate");
        machine.done("update");
        assert_eq!(machine.main_cf(), before, "{name}");
        machine.done("update --activate");
        assert!(machine.main_cf().contains("current/tls_policy"), "{name}");
        machine.done("update");
    }
}

#[test]
fn fault_d7_damaged_records_of_an_active_policy_are_written_anew() {
    let machine = Machine::new();
    machine.done("update");
    let active = machine.main_cf();
    machine.write("policy/state.json", "{");
    machine.write("state/deactivated.json", "{");
    machine.done("update");
    assert_eq!(machine.main_cf(), active);
    // Otherwise the note would count once another program removed our table from main.cf.
    assert_eq!(fs::read_to_string(machine.0.path().join("state/deactivated.json")).unwrap(), "null");
    assert!(fs::read_to_string(machine.0.path().join("policy/state.json")).unwrap().contains("active"));
}

#[test]
fn fault_b3_update_never_names_a_second_table_of_ours() {
    let machine = Machine::new();
    machine.done("update");
    let active = machine.main_cf();
    machine.settings("elsewhere");
    let output = machine.run("update");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains("policy --deactivate`"), "{words}");
    assert_eq!(machine.main_cf(), active);
}

#[test]
fn fault_b7_state_that_cannot_be_written_leaves_main_cf_as_it_was() {
    for words in ["generate --mta postfix --activate", "update"] {
        let machine = Machine::new();
        let before = machine.main_cf();
        machine.done("update --fetch-only");
        machine.done("generate --mta postfix --output policy");
        // Nothing can be put in its place.
        fs::create_dir_all(machine.0.path().join("policy/alert.json/held")).unwrap();
        let output = machine.run(words);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(machine.main_cf(), before, "{words}");
        assert!(
            !fs::read_to_string(machine.0.path().join("policy/state.json"))
                .is_ok_and(|text| text.contains("active"))
        );
    }
}

#[test]
fn fault_c2_and_c3_refusals_say_what_is_in_force_and_failures_what_to_do() {
    let machine = Machine::new();
    machine.write("config/main.cf", &(machine.main_cf() + "relayhost = [relay.test]\n"));
    let output = machine.run("update");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains("nothing is in force, and nothing was"), "{words}");
    fs::remove_dir_all(machine.0.path().join("policy")).unwrap();
    machine.write("policy", "no directory");
    let output = machine.run("update");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("What to do: mend") && words.contains("nothing is in force"), "{words}");
}

#[test]
fn fault_b11_list_under_a_new_name_keeps_the_old_entries_until_it_is_accepted() {
    let machine = Machine::new();
    machine.done("update");
    let settings = fs::read_to_string(machine.0.path().join("starttls.toml")).unwrap();
    machine.write(
        "starttls.toml",
        &settings.replace("\"ours\"", "\"theirs\"").replace("list.json", "none.json"),
    );
    let output = machine.run("update");
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(
        words.contains("no longer name the list `ours`") && words.contains("--forget-source ours"),
        "{words}"
    );
    let table = || fs::read_to_string(machine.0.path().join("policy/current/tls_policy")).unwrap();
    assert!(table().contains("a.example secure"));
    machine.write("none.json", &LIST.replace("a.example", "b.example"));
    let output = machine.run("update");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("update.source-dropped") && table().contains("b.example"), "{words}");
    assert!(!table().contains("a.example"));
}

/// Lets every part of the policy in force have expired, as its record says.
fn expire(machine: &Machine) {
    let path = machine.0.path().join("policy/current/.validity.json");
    let text = fs::read_to_string(&path).unwrap().replace("2099-", "2026-");
    fs::write(path, text.replace("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")).unwrap();
}

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn fault_3_withdraw_refuses_a_directory_without_an_activation_and_does_not_make_it() {
    let machine = Machine::new();
    for (command, directory) in [("withdraw", "policy"), ("withdraw --record mistyped", "mistyped")] {
        let output = machine.run(command);
        let words = words(&output);
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(
            words.contains("records an activation") && words.contains("run `starttls withdraw"),
            "{words}"
        );
        assert!(!machine.0.path().join(directory).exists());
    }
}

#[test]
fn fault_3_withdraw_takes_a_table_that_is_gone_out_of_main_cf_and_update_brings_it_back() {
    for lost in ["policy", "policy/generations", "policy/current"] {
        let machine = Machine::new();
        let before = machine.main_cf();
        machine.done("update");
        let path = machine.0.path().join(lost);
        fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path)).unwrap();
        let output = machine.run("withdraw");
        let said = words(&output);
        assert_eq!(output.status.code(), Some(3), "{lost}: {said}");
        assert!(said.contains("deferred all mail") && said.contains("run `starttls update`"), "{said}");
        assert_eq!(machine.main_cf(), before, "{lost}");
        machine.done("update");
        assert!(machine.main_cf().contains("/policy/current/tls_policy"), "{lost}");
        machine.done("generate --mta postfix --deactivate");
        assert_eq!(machine.main_cf(), before, "{lost}");
        let output = machine.run("withdraw");
        assert!(output.status.success() && words(&output).is_empty(), "{lost}: {output:?}");
    }
}

#[test]
fn fault_2_a_record_lost_before_the_first_run_of_the_timer_still_ends_the_policy() {
    let machine = Machine::new();
    let before = machine.main_cf();
    machine.done("update");
    let record = machine.0.path().join("policy/current/.validity.json");
    fs::remove_file(&record).unwrap();
    let status = machine.run("status");
    assert_eq!(status.status.code(), Some(4), "{}", words(&status));
    assert!(words(&status).contains("in force: ours (unsigned), with faults"), "{}", words(&status));
    let output = machine.run("withdraw");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(words(&output).contains("it expires at 2099-01-01"), "{}", words(&output));
    let copy = machine.0.path().join("policy/validity-seen.json");
    fs::write(&copy, fs::read_to_string(&copy).unwrap().replace("2099-", "2026-")).unwrap();
    let output = machine.run("withdraw");
    assert_eq!((output.status.code(), machine.main_cf()), (Some(3), before), "{output:?}");
}

#[test]
fn fault_5_a_table_that_is_emptied_is_said_to_be_named_still_by_withdraw_and_by_status() {
    let machine = Machine::new();
    machine.done("update");
    expire(&machine);
    fs::create_dir(machine.0.path().join("config/main.cf.starttls-new")).unwrap();
    let output = machine.run("withdraw");
    let said = words(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("os error") && !said.contains("``"), "no reason: {said}");
    assert!(said.contains("still names") && said.contains("--deactivate`"), "{said}");
    let status = machine.run("status");
    assert_eq!(status.status.code(), Some(4), "{}", words(&status));
    assert!(words(&status).contains("status.emptied"), "{}", words(&status));
}

#[test]
fn fault_5_status_and_withdraw_name_small_files_that_are_damaged() {
    for file in ["activation", ".starttls-output", "alert.json", "current/.expiries"] {
        let machine = Machine::new();
        machine.done("update");
        machine.write(&format!("policy/{file}"), "garbage");
        for command in ["status --strict", "withdraw"] {
            let said = words(&machine.run(command));
            assert!(said.contains("status.damaged-file") && said.contains(file), "{file}, {command}: {said}");
        }
    }
}
