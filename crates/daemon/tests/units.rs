//! The units of systemd are understood by it, and leave little open; skipped with a word where `systemd-analyze` is missing.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// In tenths, as `systemd-analyze security` counts them; what is left is the network, which is the daemon's work.
const MAX_EXPOSURE: &str = "15";

const UNITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/systemd");

fn unit(name: &str) -> PathBuf {
    PathBuf::from(UNITS).join(name)
}

/// All units that we ship.
fn units() -> Vec<PathBuf> {
    let mut units: Vec<_> = fs::read_dir(UNITS).unwrap().map(|entry| entry.unwrap().path()).collect();
    units.sort();
    assert!(units.len() > 6, "{units:?}");
    units
}

/// The value of a key in a section: of the last line that has it, as systemd reads them.
fn value(unit: &Path, section: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(unit).unwrap();
    let mut at = "";
    let mut found = None;
    for line in text.lines() {
        if line.starts_with('[') {
            at = line.trim_matches(['[', ']']);
        } else if let Some((_, value)) =
            line.split_once('=').filter(|(name, _)| at == section && *name == key)
        {
            found = Some(value.to_owned());
        }
    }
    found
}

#[test]
fn fault_no_number_of_failed_starts_ends_a_unit_for_good() {
    for unit in units() {
        let limit = value(&unit, "Unit", "StartLimitIntervalSec");
        assert_eq!(limit.as_deref(), Some("0"), "{}", unit.display());
        if unit.extension().is_some_and(|kind| kind == "socket") {
            let limit = value(&unit, "Socket", "TriggerLimitIntervalSec");
            assert_eq!(limit.as_deref(), Some("0"), "{}", unit.display());
        }
    }
}

#[test]
fn services_that_stay_up_start_again_after_a_failure() {
    for unit in units().into_iter().filter(|unit| unit.extension().is_some_and(|kind| kind == "service")) {
        if value(&unit, "Service", "Type").as_deref() != Some("oneshot") {
            let restart = value(&unit, "Service", "Restart");
            assert_eq!(restart.as_deref(), Some("on-failure"), "{}", unit.display());
        }
    }
}

#[test]
fn fault_daemon_starts_before_each_unit_that_a_distribution_starts_postfix_by() {
    let before = value(&unit("starttls-daemon.service"), "Unit", "Before").unwrap();
    let before: Vec<_> = before.split_whitespace().collect();
    for server in ["postfix.service", "postfix@-.service", "sendmail.service"] {
        assert!(before.contains(&server), "{before:?}");
    }
}

/// What it says, or nothing where it is not installed.
fn analyze(arguments: &[&str], units: &[PathBuf]) -> Option<Output> {
    let output =
        Command::new("systemd-analyze").args(arguments).args(units).env("SYSTEMD_COLORS", "0").output();
    if output.is_err() {
        eprintln!("SKIPPED: systemd-analyze is not installed, so the units are not verified");
    }
    output.ok()
}

#[test]
fn service_leaves_little_open() {
    let arguments = ["security", "--offline=true", "--no-pager", "--threshold", MAX_EXPOSURE];
    let Some(output) = analyze(&arguments, &[unit("starttls-daemon.service")]) else { return };
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{words}{}", String::from_utf8_lossy(&output.stderr));
    assert!(words.contains("Overall exposure level"), "{words}");
}

#[test]
fn units_are_understood() {
    let Some(output) = analyze(&["verify", "--man=no"], &units()) else { return };
    let words = String::from_utf8_lossy(&output.stderr);
    // The program is not installed where this is tested, and versions before 253 keep `Type=notify`, as the unit says.
    let expected =
        ["/usr/bin/starttls is not executable", "Failed to parse service type, ignoring: notify-reload"];
    let surprising: Vec<_> = words
        .lines()
        .filter(|line| line.contains("starttls") && !expected.iter().any(|known| line.contains(known)))
        .collect();
    assert!(surprising.is_empty(), "{surprising:#?}");
}
