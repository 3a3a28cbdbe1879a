//! Activation and its undoing, on a Postfix that misbehaves as it is told to.

mod deactivating;
mod dying;
mod emptying;
mod going_wrong;
mod inspecting;
mod losing;
mod operator_tables;
mod refusing;
mod server;
mod uses;
mod withdrawing;

use std::fs;

use server::{Server, exists, key_copy, write};
use starttls_mta::postfix::{Level, Postfix, Settings, TableType, Version};
use starttls_mta::{LeafPins, Mta as _};
use starttls_policy::{Severity, TlsVersion};

use super::*;

#[test]
fn activation_changes_one_setting_and_deactivation_brings_back_every_byte() {
    let server = Server::new();
    let before = server.main_cf();
    let generations = server.generations();
    let ready = write(&generations, "one");
    let plan = server.plan(&generations, Some(&ready));
    assert_eq!(plan.standing, Standing::Inactive);
    let (home, root) = (server.home(), &server.root);
    let old = format!("smtp_tls_policy_maps = texthash:{}/own", home.display());
    let new = format!("{old}, texthash:{}/current/tls_policy", root.display());
    assert!(plan.diff.contains(&format!("-{old}\n+{new}\n")), "{}", plan.diff);
    assert_eq!(server.main_cf(), before, "a plan changes nothing");

    let activated = activate(plan, &generations, Some(ready)).unwrap();
    assert_eq!(activated.running, Running::Yes);
    assert_eq!(activated.published.unwrap().number, 1);
    assert_eq!(server.main_cf(), before.replace(&old, &new));
    assert_eq!(server.reloads(), 1);
    assert!(exists(&key_copy(&server, "one")));

    let deactivated = server.deactivate(&generations).unwrap();
    assert!(deactivated.was_active && deactivated.undeleted.is_empty() && deactivated.kept.is_empty());
    assert_eq!(server.main_cf(), before);
    assert_eq!(server.reloads(), 2);
    assert!(!exists(&key_copy(&server, "one")));
    assert!(!exists(&root.join("current")) && !exists(&root.join("activation")));
    assert_eq!(fs::read_dir(home.join("queue")).unwrap().count(), 0);

    let again = server.deactivate(&generations).unwrap();
    assert!(!again.was_active && again.changes.is_empty());
    assert_eq!(server.reloads(), 2);
}

#[test]
fn activating_again_swaps_and_reloads_and_leaves_main_cf_alone() {
    let server = Server::new();
    let generations = server.generations();
    server.activate(&generations, "one").unwrap();
    let active = server.main_cf();
    for (word, number) in [("two", 2), ("three", 3)] {
        let activated = server.activate(&generations, word).unwrap();
        assert!(activated.changes.is_empty());
        assert_eq!(generations.current().unwrap(), Some(number));
    }
    assert_eq!(server.main_cf(), active);
    assert_eq!(server.reloads(), 3);
    // What the generation in force and the one before name is kept, no more.
    let kept = ["one", "two", "three"].map(|word| exists(&key_copy(&server, word)));
    assert_eq!(kept, [false, true, true]);
    // Without anything new it reloads, for the operator who asks to.
    let plan = server.plan(&generations, None);
    assert_eq!((plan.standing, plan.diff.as_str()), (Standing::Active, ""));
    activate(plan, &generations, None).unwrap();
    assert_eq!(server.reloads(), 4);
}

#[test]
fn a_server_that_does_not_run_is_not_reloaded() {
    let server = Server::new();
    server.unflag("running");
    let generations = server.generations();
    let before = server.main_cf();
    assert_eq!(server.activate(&generations, "one").unwrap().running, Running::No);
    assert_eq!(server.deactivate(&generations).unwrap().running, Running::No);
    assert_eq!(server.main_cf(), before);
    assert_eq!(server.reloads(), 0);
}

#[test]
fn deactivation_keeps_what_others_changed_since() {
    let server = Server::new();
    let generations = server.generations();
    server.activate(&generations, "one").unwrap();
    let ours = format!("texthash:{}/current/tls_policy", server.root.display());
    let changed =
        server.main_cf().replace(&ours, &format!("{ours}  inline:{{ x=may,  y=may }}")) + "relayhost =\n";
    fs::write(server.config.join("main.cf"), &changed).unwrap();
    server.deactivate(&generations).unwrap();
    assert_eq!(server.main_cf(), changed.replace(&format!(", {ours}"), ""));
}

#[test]
fn a_reference_that_was_put_there_by_hand_goes_too() {
    let server = Server::new();
    let generations = server.generations();
    let ours = format!("{}/current/tls_policy", server.root.display());
    let by_hand = server.main_cf().replace("/own\n", &format!("/own, hash:{ours}\n"));
    fs::write(server.config.join("main.cf"), &by_hand).unwrap();
    let named = || Detected::ask(&server.instance).unwrap().active_table(&generations);
    assert_eq!(named(), Some(TableType::Hash));
    // Of another kind, so activation replaces it.
    server.activate(&generations, "one").unwrap();
    assert_eq!(server.main_cf(), by_hand.replace(&format!(", hash:{ours}"), &format!(", texthash:{ours}")));
    assert_eq!(named(), Some(TableType::Texthash));
    server.deactivate(&generations).unwrap();
    assert_eq!(named(), None);
    assert_eq!(server.main_cf(), by_hand.replace(&format!(", hash:{ours}"), ""));
}

#[test]
fn a_deactivation_that_keeps_files_can_be_taken_back() {
    let server = Server::new();
    let generations = server.generations();
    server.activate(&generations, "one").unwrap();
    let active = server.main_cf();
    deactivate(&server.instance, &generations, Leftovers::Keep).unwrap();
    assert_eq!(generations.current().unwrap(), Some(1));
    activate(server.plan(&generations, None), &generations, None).unwrap();
    assert_eq!(server.main_cf(), active);
    assert!(exists(&key_copy(&server, "one")));
}

#[test]
fn an_output_directory_serves_one_instance() {
    let server = Server::new();
    let generations = server.generations();
    server.activate(&generations, "one").unwrap();
    let record = server.root.join("activation");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, text.replace("/config\n", "/other\n")).unwrap();
    let planned = Plan::make(&server.instance, &generations, None, &server::wanted());
    assert!(matches!(planned, Err(PlanError::OtherInstance { .. })));
    assert!(matches!(server.deactivate(&generations), Err(DeactivateError::OtherInstance { .. })));
    assert_eq!(generations.current().unwrap(), Some(1));
}

#[test]
fn facts_have_what_counts_and_the_operators_own_text() {
    let server = Server::new();
    server.add_to_main_cf("smtp_tls_security_level = $verified\nsmtp_tls_mandatory_protocols = $newest\n");
    server.write_master_cf("smtp unix - - y - - smtp -o smtp_tls_security_level=secure\n");
    let detected = Detected::ask(&server.instance).unwrap();
    let facts = detected.facts(&server.root, None, LeafPins::Ignore);
    let settings = Settings::of(&facts);
    assert_eq!(settings.level(), Some(Level::Verify));
    assert_eq!(settings.lowest_mandatory_version(), Some(TlsVersion::Tls13));
    assert_eq!(settings.verbatim("smtp_tls_security_level"), Some("$verified"));
    let levels: Vec<_> = settings.each().map(|settings| settings.level()).collect();
    assert_eq!(levels, [Some(Level::Verify), Some(Level::Secure)]);
}

#[test]
fn a_snapshots_version_goes_from_postfix_to_a_renderer() {
    let server = Server::new();
    server.flag("snapshot");
    let detected = Detected::ask(&server.instance).unwrap();
    let facts = detected.facts(&server.root, None, LeafPins::Ignore);
    assert_eq!(facts.version.as_deref(), Some("3.11-20250906"));
    assert_eq!(Version::parse("3.11-20250906"), Ok(detected.version));
    assert!(Postfix.renderer(&facts).is_ok());
}

#[test]
fn findings_are_listed_once_and_in_order() {
    let names: Vec<&str> = FINDINGS.iter().map(|code| code.name).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
    assert!(FINDINGS.iter().any(|code| code.severity == Severity::Error));
}
