//! Root's commands and the daemon of a user of its own, in one state directory.
//!
//! As another user than root, the tests use that user for both: they claim less then, and are not left out.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A user that no system has.
const SERVICE: u32 = 54_321;

/// A machine with a state directory of the service's user.
struct Machine {
    holder: TempDir,
    /// The service's user, if the tests may act as it.
    service: Option<u32>,
}

impl Machine {
    fn new() -> Self {
        let holder = starttls_testkit::world::directory().unwrap();
        fs::set_permissions(holder.path(), Permissions::from_mode(0o755)).unwrap();
        let service = rustix::process::geteuid().is_root().then_some(SERVICE);
        let machine = Self { holder, service };
        fs::create_dir(machine.state()).unwrap();
        fs::set_permissions(machine.state(), Permissions::from_mode(0o750)).unwrap();
        chown(machine.state(), service, service).unwrap();
        // The service's user need not be able to reach the directory that the program was built in.
        fs::copy(env!("CARGO_BIN_EXE_starttls"), machine.program()).unwrap();
        let state = machine.state();
        let listen = state.join("socketmap");
        let text = format!(
            "state-dir = \"{}\"\n[daemon]\nlisten = [\"unix:{}\"]\nresolver = \"127.0.0.1:9\"\n",
            state.display(),
            listen.display()
        );
        fs::write(machine.settings(), text).unwrap();
        // Both users read them, whatever the umask of the tests is.
        fs::set_permissions(machine.settings(), Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(machine.program(), Permissions::from_mode(0o755)).unwrap();
        machine
    }

    fn state(&self) -> PathBuf {
        self.holder.path().join("state")
    }

    fn program(&self) -> PathBuf {
        self.holder.path().join("starttls")
    }

    fn settings(&self) -> PathBuf {
        self.holder.path().join("settings.toml")
    }

    /// A command as whoever runs the tests.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = starttls_testkit::world::program(self.program());
        command.arg("--config").arg(self.settings()).args(words).env_remove("SUDO_USER");
        command
    }

    /// The same as the service's user.
    fn as_service(&self, words: &[&str]) -> Command {
        let mut command = self.command(words);
        if let Some(uid) = self.service {
            command.uid(uid).gid(uid);
        }
        command
    }

    /// Runs the daemon until it answers mail servers; its log up to there.
    fn log_of_start(&self) -> Vec<String> {
        let mut daemon = self.as_service(&["daemon"]);
        let daemon = Running(daemon.stderr(Stdio::piped()).spawn().unwrap());
        daemon.log_until("answering mail servers")
    }
}

struct Running(Child);

impl Running {
    /// The daemon's log, up to a line; it is an error if the log ends before.
    fn log_until(mut self, end: &str) -> Vec<String> {
        let mut log = Vec::new();
        for line in BufReader::new(self.0.stderr.take().unwrap()).lines() {
            log.push(line.unwrap());
            if log.last().unwrap().contains(end) {
                return log;
            }
        }
        panic!("the daemon ended without `{end}`: {log:#?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn done(mut command: Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn add(domain: &str) -> [&str; 8] {
    ["override", "add", domain, "relax", "--until", "14d", "--reason", "a test"]
}

fn owner(path: &Path) -> u32 {
    fs::metadata(path).unwrap().uid()
}

#[test]
fn fault_overrides_that_root_and_the_service_add_are_read_by_both() {
    for root_first in [true, false] {
        let machine = Machine::new();
        let (mut first, mut second) =
            (machine.command(&add("a.example")), machine.as_service(&add("b.example")));
        if !root_first {
            std::mem::swap(&mut first, &mut second);
        }
        done(first);
        done(second);
        for command in [machine.command(&["override", "list"]), machine.as_service(&["override", "list"])] {
            let listed = String::from_utf8(done(command).stdout).unwrap();
            assert!(listed.contains("a.example") && listed.contains("b.example"), "{listed}");
        }
        assert_eq!(owner(&machine.state().join("overrides.jsonl")), owner(&machine.state()));
        let log = machine.log_of_start().join("\n");
        assert!(!log.contains("ERROR"), "{log}");
    }
}

#[test]
fn fault_the_daemon_starts_beside_files_that_it_cannot_read_and_names_them() {
    let machine = Machine::new();
    for name in ["overrides.jsonl", "learned.db"] {
        let path = machine.state().join(name);
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    }
    let log = machine.log_of_start();
    for name in ["overrides.jsonl", "learned.db"] {
        let path = machine.state().join(name).display().to_string();
        let line = log.iter().find(|line| line.contains("ERROR") && line.contains(&path));
        let line = line.unwrap_or_else(|| panic!("nothing of {name}: {log:#?}"));
        if machine.service.is_some() {
            assert!(line.contains("belongs to user 0") && line.contains("chown"), "{line}");
        }
    }
}

#[test]
fn fault_root_and_the_service_update_one_state_directory_in_turn() {
    let machine = Machine::new();
    let list = machine.holder.path().join("list.json");
    let text = |serial: u32| {
        format!(
            r#"{{"version": "1", "author": "A", "serial": {serial}, "timestamp": "2026-11-01T00:00:00Z",
            "expires": "2027-11-01T00:00:00Z", "policies": {{"a.example": {{"mode": "enforce", "mx": ["mx.a.example"]}}}}}}"#
        )
    };
    let settings = fs::read_to_string(machine.settings()).unwrap();
    let settings =
        format!("{settings}[[list]]\nname = \"main\"\ntrust = \"unsigned\"\nfile = \"{}\"\n", list.display());
    fs::write(machine.settings(), settings).unwrap();
    let fetch = ["update", "--fetch-only"];
    for serial in 1..=4 {
        fs::write(&list, text(serial)).unwrap();
        done(if serial % 2 == 1 { machine.command(&fetch) } else { machine.as_service(&fetch) });
    }
    for entry in fs::read_dir(machine.state()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(owner(&path), owner(&machine.state()), "{}", path.display());
    }
}
