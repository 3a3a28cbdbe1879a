//! The units of systemd are understood by it, and leave little open; skipped with a word where `systemd-analyze` is missing.

use std::path::PathBuf;
use std::process::{Command, Output};

/// In tenths, as `systemd-analyze security` counts them; what is left is the network, which is the daemon's work.
const MAX_EXPOSURE: &str = "15";

const UNITS: [&str; 2] = ["starttls-daemon.service", "starttls-daemon.socket"];

fn unit(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/systemd")).join(name)
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
    let Some(output) = analyze(&arguments, &[unit(UNITS[0])]) else { return };
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{words}{}", String::from_utf8_lossy(&output.stderr));
    assert!(words.contains("Overall exposure level"), "{words}");
}

#[test]
fn units_are_understood() {
    let units = UNITS.map(unit);
    let Some(output) = analyze(&["verify", "--man=no"], &units) else { return };
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
