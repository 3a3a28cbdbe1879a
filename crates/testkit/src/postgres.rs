//! A throw-away PostgreSQL server: a fresh cluster in a directory of its own, on a Unix socket, ends with the value.
//!
//! Debian keeps the server's programs out of PATH, under `/usr/lib/postgresql`; the newest is taken. The server refuses to
//! run as root, so that root lends it the user `nobody`. A server that the package may have started does not matter: ours
//! listens on no port.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

/// The user and group `nobody`, as every Linux has them.
const NOBODY: u32 = 65_534;

/// Where Debian puts the server's programs, by version.
const PROGRAMS: &str = "/usr/lib/postgresql";

/// How long a server may take to start or to end; a busy test machine needs a second or two.
const PATIENCE: Duration = Duration::from_mins(1);

/// The last words of a start.
const READY: &str = "database system is ready to accept connections";

/// A cluster, and its server while it runs.
#[derive(Debug)]
pub struct Postgres {
    directory: TempDir,
    programs: PathBuf,
    server: Option<Child>,
}

impl Postgres {
    /// Makes a cluster and starts its server. None, with the reason printed, where PostgreSQL is not installed; unless
    /// `CI=true`, where that is an error.
    ///
    /// # Errors
    /// What the server's programs said.
    pub fn start() -> anyhow::Result<Option<Self>> {
        let Some(programs) = programs() else {
            ensure!(
                std::env::var("CI").as_deref() != Ok("true"),
                "PostgreSQL is not installed, which CI requires"
            );
            eprintln!(
                "SKIPPED: PostgreSQL is not installed (Debian's package `postgresql`, or ./test --install)"
            );
            return Ok(None);
        };
        let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp")?;
        std::fs::set_permissions(directory.path(), Permissions::from_mode(0o700))?;
        if is_root() {
            chown(directory.path(), Some(NOBODY), Some(NOBODY))?;
        }
        let mut cluster = Self { directory, programs, server: None };
        let made = cluster
            .command("initdb")
            .args(["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--username=tester"])
            .arg("--pgdata")
            .arg(cluster.data())
            .output()
            .context("initdb")?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        cluster.resume()?;
        Ok(Some(cluster))
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://tester@/postgres?host={}", self.directory.path().display())
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join(".s.PGSQL.5432")
    }

    /// Ends the server at once, as a power cut would; the cluster stays.
    ///
    /// # Errors
    /// If it cannot be ended.
    pub fn halt(&mut self) -> anyhow::Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        // SIGQUIT: the server ends its children and itself without a word to the clients. SIGKILL would leave children.
        signal(&server, rustix::process::Signal::QUIT)?;
        server.wait()?;
        Ok(())
    }

    /// Stops every process of the server where it is, so that clients wait; [`Postgres::thaw`] lets them go on.
    ///
    /// # Errors
    /// If a process cannot be signalled.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal_all(rustix::process::Signal::STOP)
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    /// If a process cannot be signalled.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal_all(rustix::process::Signal::CONT)
    }

    /// Starts the server again.
    ///
    /// # Errors
    /// What it said.
    pub fn resume(&mut self) -> anyhow::Result<()> {
        let mut server = self
            .command("postgres")
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.directory.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB"])
            .args([
                "-c",
                "max_connections=40",
                "-c",
                "autovacuum=off",
                "-c",
                "dynamic_shared_memory_type=mmap",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("postgres")?;
        let log = server.stderr.take().context("the server has a log")?;
        let (ready, is_ready) = mpsc::channel();
        // Reads to the end, so that the server never waits for us to read.
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                let _ = ready.send(line);
            }
        });
        let (began, mut said) = (Instant::now(), String::new());
        while let Ok(line) = is_ready.recv_timeout(PATIENCE.saturating_sub(began.elapsed())) {
            if line.ends_with(READY) {
                self.server = Some(server);
                return Ok(());
            }
            said += &line;
            said.push('\n');
        }
        let _ = server.kill();
        bail!("PostgreSQL does not start: {said}")
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A program of the server, as a user that it accepts, which ends with us.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "QUIT"]);
        if is_root() {
            let id = NOBODY.to_string();
            command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]);
        }
        command.arg(self.programs.join(program));
        command
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null());
        command
    }

    fn signal_all(&self, signal: rustix::process::Signal) -> anyhow::Result<()> {
        let server = self.server.as_ref().context("the server does not run")?;
        let path = format!("/proc/{0}/task/{0}/children", server.id());
        for child in std::fs::read_to_string(path)?.split_whitespace() {
            let pid = rustix::process::Pid::from_raw(child.parse()?).context("a process has a number")?;
            rustix::process::kill_process(pid, signal)?;
        }
        self::signal(server, signal)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.server.is_some() {
            // A frozen server would not hear that it is to end.
            let _ = self.thaw();
        }
        let _ = self.halt();
    }
}

fn signal(server: &Child, signal: rustix::process::Signal) -> anyhow::Result<()> {
    Ok(rustix::process::kill_process(rustix::process::Pid::from_child(server), signal)?)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The directory of the newest server that is installed.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(PROGRAMS).ok()?.filter_map(Result::ok);
    let newest = versions
        .filter(|entry| is_complete(&entry.path().join("bin")))
        .max_by_key(|entry| entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
    newest.map(|entry| entry.path().join("bin"))
}

fn is_complete(programs: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| programs.join(program).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_starts_ends_and_starts_again() {
        let Some(mut server) = Postgres::start().unwrap() else { return };
        let socket = server.directory.path().join(".s.PGSQL.5432");
        assert!(std::os::unix::net::UnixStream::connect(&socket).is_ok());
        server.halt().unwrap();
        assert!(std::os::unix::net::UnixStream::connect(&socket).is_err());
        server.resume().unwrap();
        server.freeze().unwrap();
        server.thaw().unwrap();
        assert!(std::os::unix::net::UnixStream::connect(&socket).is_ok());
        let directory = server.directory.path().to_owned();
        drop(server);
        assert!(!directory.exists());
    }
}
