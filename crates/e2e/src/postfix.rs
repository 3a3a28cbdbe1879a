//! A Postfix instance with a configuration, a queue and a log of its own.
//!
//! What it is for, sending or receiving, is the business of `sender` and `receiver`.

use std::fs;

use anyhow::{Context as _, Result};

use crate::log::Log;
use crate::network::{output, run};
use crate::site::Site;
use crate::tree::Tree;

/// Services that every instance needs; their files are seen from the root of the tree.
const SERVICES: &str = "\
pickup    unix       n - n 60  1 pickup
cleanup   unix       n - n -   0 cleanup
qmgr      unix       n - n 300 1 qmgr
tlsmgr    unix       - - n 1000? 1 tlsmgr
rewrite   unix       - - n -   - trivial-rewrite
bounce    unix       - - n -   0 bounce
defer     unix       - - n -   0 bounce
trace     unix       - - n -   0 bounce
flush     unix       n - n 1000? 0 flush
proxymap  unix       - - n -   - proxymap
showq     unix       n - n -   - showq
error     unix       - - n -   - error
retry     unix       - - n -   - error
discard   unix       - - n -   - discard
local     unix       - n n -   - local
virtual   unix       - n n -   - virtual
anvil     unix       - - n -   1 anvil
scache    unix       - - n -   1 scache
postlog   unix-dgram n - n -   1 postlogd
";

/// A Postfix version, as in `mail_version`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version(pub u32, pub u32, pub u32);

/// From here on Postfix knows attributes for MX patterns.
pub const KNOWS_PATTERNS: Version = Version(3, 10, 0);

/// From here on Postfix compares MX hosts with the patterns of a policy.
pub const ENFORCES_PATTERNS: Version = Version(3, 10, 5);

/// From here on Postfix obeys the header `TLS-Required: No`.
pub const OBEYS_HEADER: Version = Version(3, 10, 0);

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Where the clients that deliver mail, smtp(8), see their files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Clients {
    /// In the queue directory, to which they are chrooted.
    Confined,
    /// Where everybody sees them.
    Unconfined,
}

impl Clients {
    /// As the tree's distribution configures them.
    ///
    /// # Errors
    /// When the distribution's master.cf is not there.
    pub fn shipped_in(tree: &Tree) -> Result<Self> {
        let shipped = output(tree.command("cat").arg("/usr/share/postfix/master.cf.dist"))?;
        let mut lines = shipped.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let service = lines.find(|fields| fields.starts_with(&["smtp", "unix"]));
        let service = service.context("no client in the distribution's master.cf")?;
        Ok(if service.get(4) == Some(&"y") { Self::Confined } else { Self::Unconfined })
    }

    /// The lines of master.cf.
    fn services(self) -> String {
        let chroot = if self == Self::Confined { 'y' } else { 'n' };
        format!("smtp unix - - {chroot} - - smtp\nrelay unix - - {chroot} - - smtp\n")
    }
}

/// One instance.
#[derive(Clone, Debug)]
pub struct Postfix {
    tree: Tree,
    site: Site,
    name: &'static str,
}

impl Postfix {
    /// Writes the configuration of the instance `name`: `settings` for main.cf, `listeners` for master.cf.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn configure(
        tree: &Tree,
        site: &Site,
        name: &'static str,
        settings: &str,
        clients: Clients,
        listeners: &str,
    ) -> Result<Self> {
        let postfix = Self { tree: tree.clone(), site: site.clone(), name };
        let base = format!("/lab/{name}");
        let common = format!(
            "compatibility_level = 3.6\nqueue_directory = {base}/queue\ndata_directory = {base}/data\n\
             maillog_file = {base}/log\nmaillog_file_prefixes = /lab\ninet_protocols = ipv4\n\
             mydestination =\nalias_maps =\nalias_database =\nbiff = no\n\
             enable_long_queue_ids = yes\n"
        );
        site.write(&format!("{base}/etc/main.cf"), &(common + settings))?;
        site.write(
            &format!("{base}/etc/master.cf"),
            &format!("{SERVICES}{}{listeners}", clients.services()),
        )?;
        fs::create_dir_all(site.outside(&format!("{base}/queue/etc")))?;
        if clients == Clients::Confined {
            // What the distribution does before it starts Postfix.
            let files =
                ["resolv.conf", "hosts", "services", "nsswitch.conf"].map(|name| format!("/etc/{name}"));
            run(tree.command("cp").args(files).arg(format!("{base}/queue/etc")))?;
        }
        fs::create_dir_all(site.outside(&format!("{base}/data")))?;
        run(tree.command("chown").args(["postfix", &format!("{base}/data")]))?;
        Ok(postfix)
    }

    /// Starts it and waits until it takes mail.
    ///
    /// # Errors
    /// When it does not start; the error holds what it said.
    pub fn start(&self) -> Result<()> {
        // Before its log service runs, Postfix speaks to terminals only: `script` is one.
        run(self.tree.command("script").args(["-qec", &self.line("start"), "/dev/null"]))
            .with_context(|| format!("starting {}", self.name))?;
        self.log().wait_for_line("daemon started", 0).map(drop)
    }

    /// Makes it read its configuration again, and waits until it has.
    ///
    /// # Errors
    /// When it does not run.
    pub fn reload(&self) -> Result<()> {
        let skip = self.log().lines()?.len();
        run(self.tree.command("script").args(["-qec", &self.line("reload"), "/dev/null"]))?;
        self.log().wait_for_line(": reload -- version", skip).map(drop)
    }

    /// Sets a parameter in main.cf; [`Postfix::reload`] makes it known.
    ///
    /// # Errors
    /// When `postconf` refuses.
    pub fn set(&self, parameter: &str, value: &str) -> Result<()> {
        run(self.command("postconf").args(["-e", &format!("{parameter} = {value}")]))?;
        self.site.age(&format!("{}/main.cf", self.directory()))
    }

    /// Puts a parameter of main.cf back to its default.
    ///
    /// # Errors
    /// When `postconf` refuses.
    pub fn unset(&self, parameter: &str) -> Result<()> {
        run(self.command("postconf").args(["-X", parameter]))?;
        self.site.age(&format!("{}/main.cf", self.directory()))
    }

    /// Gives a parameter to the service that delivers mail alone, with `-o` in master.cf.
    ///
    /// # Errors
    /// When `postconf` refuses.
    pub fn set_for_client(&self, parameter: &str, value: &str) -> Result<()> {
        run(self.command("postconf").args(["-P", &format!("smtp/unix/{parameter}={value}")]))
    }

    fn line(&self, verb: &str) -> String {
        format!("postfix -c {} {verb}", self.directory())
    }

    /// A Postfix command for this instance, such as `postconf`.
    pub fn command(&self, program: &str) -> std::process::Command {
        let mut command = self.tree.command(program);
        command.args(["-c", &self.directory()]);
        command
    }

    /// The version.
    ///
    /// # Errors
    /// When `postconf` does not say it.
    pub fn version(&self) -> Result<Version> {
        let text = output(self.command("postconf").args(["-dh", "mail_version"]))?;
        let mut numbers = text.trim().split('.').map(str::parse);
        let mut number = || numbers.next().context("too few numbers")?.context("not a number");
        Ok(Version(number()?, number()?, number()?))
    }

    /// The configuration directory, as the instance sees it.
    pub fn directory(&self) -> String {
        format!("/lab/{}/etc", self.name)
    }

    /// The text of main.cf.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn main_cf(&self) -> Result<String> {
        self.site.read(&format!("{}/main.cf", self.directory()))
    }

    /// Writes main.cf as an operator does, who cares for more than what it means.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_main_cf(&self, text: &str) -> Result<()> {
        self.site.write(&format!("{}/main.cf", self.directory()), text)
    }

    /// The log.
    pub fn log(&self) -> Log {
        Log::at(&self.site.outside(&format!("/lab/{}/log", self.name)))
    }

    /// The tree it runs in.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The site it runs on.
    pub fn site(&self) -> &Site {
        &self.site
    }
}
