//! The policy daemon, beside the sender's Postfix.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::process::{Child, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::dns::RESOLVER;
use crate::log::{Log, PATIENCE, wait_for};
use crate::network::run;
use crate::program::{CLOCK, Clock, Program, Run, tell_time};
use crate::sender::ROOTS;
use crate::site::Site;
use crate::socketmap::{Client, Reply};

/// A key that is answered without asking anybody: no policy is inherited from a parent domain.
const NO_QUESTION: &str = ".test";

/// What its operator wants.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What it is called: its files are in `/lab/NAME`.
    pub name: &'static str,
    /// Where it answers Postfix; it shows its status one port above.
    pub port: u16,
    /// Whom it asks; without it whom the system names.
    pub resolver: Option<SocketAddrV4>,
    /// By which clock it lives.
    pub clock: Clock,
    /// The policy lists, in order.
    pub lists: Vec<String>,
    /// Further keys of the table `[daemon]`.
    pub further: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "daemon",
            port: 8461,
            resolver: Some(SocketAddrV4::new(RESOLVER, 53)),
            clock: Clock::True,
            lists: Vec::new(),
            further: String::new(),
        }
    }
}

/// A daemon; it ends when this goes.
#[derive(Debug)]
pub struct Daemon {
    program: Program,
    site: Site,
    settings: Settings,
    process: Option<Child>,
}

impl Daemon {
    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub fn start(program: &Program, site: &Site, settings: Settings) -> Result<Self> {
        let mut daemon = Self { program: program.clone(), site: site.clone(), settings, process: None };
        fs::create_dir_all(site.outside(&daemon.path("anchors")))?;
        if daemon.settings.clock != Clock::True && !site.outside(CLOCK).exists() {
            tell_time(site, "0d")?;
        }
        site.write(&daemon.path("settings.toml"), &daemon.text()?)?;
        daemon.resume()?;
        Ok(daemon)
    }

    /// Starts it again where it left off, and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub fn resume(&mut self) -> Result<()> {
        let log = fs::File::options().create(true).append(true).open(self.site.outside(&self.path("log")))?;
        let mut command = self.program.command(self.settings.clock)?;
        command.args(["daemon", "--config", &self.path("settings.toml")]);
        let process = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        let process = self.process.insert(process);
        wait_for("daemon that answers", || {
            let ended = process.try_wait()?;
            ensure!(ended.is_none(), "the daemon ended: {ended:?}");
            let reply = Client::connect(address(self.settings.port))
                .and_then(|mut client| client.ask("QUERY", NO_QUESTION));
            Ok(reply.ok())
        })
        .map(drop)
    }

    /// Kills it, so that it can save nothing.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// Ends it as a system does that goes down.
    ///
    /// # Errors
    /// When it does not end.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            run(std::process::Command::new("kill").arg(process.id().to_string()))?;
            wait_for("end of the daemon", || Ok(process.try_wait()?))?;
        }
        Ok(())
    }

    /// Sends it the signal by which a service manager has it read everything anew.
    ///
    /// # Errors
    /// When it does not run.
    pub fn hang_up(&self) -> Result<()> {
        let process = self.process.as_ref().context("no daemon runs")?;
        run(std::process::Command::new("kill").args(["-HUP", &process.id().to_string()]))
    }

    /// Asks it one question on a new connection.
    ///
    /// # Errors
    /// When no proper reply comes.
    pub fn ask(&self, map: &str, key: &str) -> Result<Reply> {
        Client::connect(self.address())?.ask(map, key)
    }

    /// Asks it one question, and returns the level that it demands, as [`Reply::level`] has it.
    ///
    /// # Errors
    /// As [`Daemon::ask`].
    pub fn level(&self, domain: &str) -> Result<String> {
        Ok(self.ask("QUERY", domain)?.level().to_owned())
    }

    /// Complains unless it demands these levels of these domains.
    ///
    /// # Errors
    /// When it does not.
    pub fn expect(&self, levels: &[(&str, &str)]) -> Result<()> {
        for (domain, level) in levels {
            let reply = self.ask("QUERY", domain)?;
            ensure!(reply.level() == *level, "{domain}: {reply:?}, not {level}");
        }
        Ok(())
    }

    /// Waits until it demands this level of a domain.
    ///
    /// # Errors
    /// When it does not come to that.
    pub fn wait_for_level(&self, domain: &str, level: &str) -> Result<()> {
        wait_for(&format!("answer `{level}` for {domain}"), || {
            Ok((self.level(domain)? == level).then_some(()))
        })
    }

    /// Lets so much time pass for it since it was started, as in `3d`, `2h` or `5m`: a minute at least.
    ///
    /// # Errors
    /// When it does not notice.
    pub fn later(&self, later: &str) -> Result<()> {
        // It looks at its clock once a second; until then a request would seem to be as old as the time that passed. One
        // that never ends is given up when it looks.
        let mut endless = TcpStream::connect(self.address())?;
        endless.set_read_timeout(Some(PATIENCE))?;
        endless.write_all(b"1")?;
        self.ask("QUERY", NO_QUESTION)?;
        tell_time(&self.site, later)?;
        ensure!(endless.read(&mut [0])? == 0, "an endless request was answered");
        // It sleeps by the machine's clock; whoever asks for what nobody knows wakes it.
        self.ask("QUERY", &format!("unknown-after-{later}.plain")).map(drop)
    }

    /// What it serves at a path of its status address.
    ///
    /// # Errors
    /// When it serves nothing.
    pub fn status(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(address(self.settings.port + 1))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    /// Runs a command of the program that has to do with this daemon.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, arguments: &[&str]) -> Result<Run> {
        let settings = self.path("settings.toml");
        self.program.run(&[&["--config", &settings], arguments].concat())
    }

    /// Where it answers Postfix.
    pub fn address(&self) -> SocketAddr {
        address(self.settings.port)
    }

    /// What it said.
    pub fn log(&self) -> Log {
        Log::at(&self.site.outside(&self.path("log")))
    }

    /// A file of its own.
    pub fn path(&self, file: &str) -> String {
        format!("/lab/{}/{file}", self.settings.name)
    }

    fn text(&self) -> Result<String> {
        let Settings { port, resolver, lists, further, clock, .. } = &self.settings;
        let resolver = resolver.map(|resolver| format!("resolver = \"{resolver}\"\n")).unwrap_or_default();
        let mut text = format!(
            "state-dir = \"{}\"\n[daemon]\nallow-leaf-pins = true\nlisten = [\"127.0.0.1:{port}\"]\n\
             status-address = \"127.0.0.1:{}\"\ncontrol-socket = \"{}\"\n{resolver}\
             trust-resolver = true\ndnssec-probe = \"test.\"\nca-file = \"{ROOTS}\"\npolicy-hosts = \"any\"\n\
             anchors-directory = \"{}\"\n{further}",
            self.path("state"),
            port + 1,
            self.path("control.sock"),
            self.path("anchors"),
        );
        if *clock != Clock::True {
            // The clock's file is none that a sandbox leaves it.
            text += "\nsandbox = false\n";
        }
        let _ = write!(text, "\n[update]\nca-file = \"{ROOTS}\"\n");
        for (index, list) in lists.iter().enumerate() {
            let file = self.path(&format!("list-{index}.json"));
            self.site.write(&file, list)?;
            let name = format!("name = \"list-{index}\"");
            let _ = write!(text, "\n[[list]]\n{name}\ntrust = \"unsigned\"\nfile = \"{file}\"\n");
        }
        Ok(text)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
