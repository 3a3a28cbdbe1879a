//! The daemon as a process: what stands in its way at the start, and which signals end it.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A directory with settings and state.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::create_dir(machine.path("state")).unwrap();
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Starts a daemon that listens at the Unix socket `name`, with further lines of settings; its log goes to `name.log`.
    fn start(&self, name: &str, settings: &str) -> Daemon {
        let listen = self.path(name);
        let file = self.path(&format!("{name}.toml"));
        let text = format!(
            "state-dir = \"state\"\n[daemon]\nlisten = [\"unix:{}\"]\nsandbox = false\n{settings}\n",
            listen.display()
        );
        fs::write(&file, text).unwrap();
        let log = self.path(&format!("{name}.log"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_starttls"));
        command.arg("--config").arg(&file).arg("daemon").stderr(File::create(&log).unwrap());
        Daemon { process: command.spawn().unwrap(), listen, log }
    }
}

/// A daemon that runs; it ends with the test.
struct Daemon {
    process: Child,
    listen: PathBuf,
    log: PathBuf,
}

impl Daemon {
    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    /// Waits for a line of the log.
    fn wait_for(&mut self, words: &str) {
        until(|| {
            let log = self.log();
            assert!(self.process.try_wait().unwrap().is_none(), "it has ended:\n{log}");
            log.contains(words)
        });
    }

    /// Waits until it answers mail servers.
    fn wait_for_answer(&mut self) {
        until(|| {
            assert!(self.process.try_wait().unwrap().is_none(), "it has ended:\n{}", self.log());
            answers(&self.listen)
        });
    }

    /// Waits until it has ended by itself.
    fn wait_for_end(&mut self) -> ExitStatus {
        let mut ended = None;
        until(|| {
            ended = self.process.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Asks what can have no policy.
fn answers(listen: &Path) -> bool {
    let ask = || {
        let mut stream = UnixStream::connect(listen)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"21:QUERY .health.invalid,")?;
        let mut reply = [0; 12];
        stream.read_exact(&mut reply).map(|()| reply)
    };
    ask().is_ok_and(|reply| &reply == b"9:NOTFOUND ,")
}

fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "it takes too long");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn fault_no_signal_but_the_documented_ones_ends_the_daemon() {
    let machine = Machine::new();
    let mut daemon = machine.start("a", "resolver = \"127.0.0.1:1\"");
    daemon.wait_for_answer();
    let harmless = [
        Signal::USR1,
        Signal::USR2,
        Signal::ALARM,
        Signal::PIPE,
        Signal::VTALARM,
        Signal::PROF,
        Signal::IO,
        Signal::POWER,
        Signal::XFSZ,
        Signal::XCPU,
    ];
    for signal in harmless {
        daemon.send(signal);
    }
    daemon.send(Signal::HUP);
    daemon.wait_for("read anew");
    daemon.wait_for_answer();
    daemon.send(Signal::TERM);
    assert!(daemon.wait_for_end().success(), "{}", daemon.log());
}

#[test]
fn fault_whatever_stands_at_the_control_socket_the_daemon_answers_on() {
    let machine = Machine::new();
    fs::write(machine.path("state/control.sock"), "text").unwrap();
    let mut daemon = machine.start("a", "resolver = \"127.0.0.1:1\"");
    daemon.wait_for("no control socket");
    daemon.wait_for_answer();
    // The store as the control socket: named by mistake.
    let machine = Machine::new();
    let mut daemon = machine.start("a", "resolver = \"127.0.0.1:1\"\ncontrol-socket = \"state/learned.db\"");
    daemon.wait_for("no control socket");
    daemon.wait_for_answer();
}

#[test]
fn fault_second_daemon_on_one_state_directory_says_what_is_wrong_and_ends() {
    let machine = Machine::new();
    let mut first = machine.start("a", "resolver = \"127.0.0.1:1\"");
    first.wait_for_answer();
    for settings in ["", "control-socket = \"other.sock\""] {
        let mut second = machine.start("b", &format!("resolver = \"127.0.0.1:1\"\n{settings}"));
        assert!(!second.wait_for_end().success());
        let log = second.log();
        assert!(log.contains("another daemon") && log.contains("state-dir"), "{log}");
        assert!(!log.contains("tried again"), "{log}");
    }
    assert!(answers(&first.listen));
    // Killed, the first one leaves nothing that keeps another from starting.
    drop(first);
    machine.start("b", "resolver = \"127.0.0.1:1\"").wait_for_answer();
}

#[test]
fn fault_resolvers_that_are_never_asked_are_named_at_the_start() {
    let machine = Machine::new();
    let mut daemon = machine.start("a", "resolver = [\"127.0.0.1:1\", \"127.0.0.53:53\", \"192.0.2.1:53\"]");
    daemon.wait_for("127.0.0.53:53, 192.0.2.1:53 are not asked");
    daemon.wait_for("trust-resolver");
}
