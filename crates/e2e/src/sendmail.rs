//! A sendmail that sends: one process for each mail, which delivers it while we wait.
//!
//! Spec: sendmail's operations guide, `cf/README` (`FEATURE(sts)`).

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result};

use crate::network::{output, run};
use crate::sender::ROOTS;
use crate::site::Site;
use crate::tree::Tree;

/// Where its configurations and its queue are.
const DIRECTORY: &str = "/lab/sendmail";

/// Where the package has its macros.
const MACROS: &str = "/usr/share/sendmail/cf";

/// Whom it asks about MTA-STS.
#[derive(Clone, Copy, Debug)]
pub enum Asks {
    /// Nobody: TLS if the other side can.
    Nobody,
    /// The policy daemon at this address, as the daemon's manual says.
    Daemon(SocketAddr),
}

/// A sendmail with one configuration.
#[derive(Debug)]
pub struct Sendmail {
    tree: Tree,
    configuration: String,
}

/// Mounts its tree.
///
/// # Errors
/// When it is missing.
pub fn mount(trees: &Path, site: &Site) -> Result<Tree> {
    let tree = Tree::mount(trees, "sendmail", site)?;
    // It sleeps for a minute where the machine's own name has no dot.
    let name = output(&mut tree.shell("uname -n"))?;
    let hosts = site.read("/lab/hosts")?;
    site.write("/lab/hosts", &format!("{hosts}127.0.0.1 sm.test {}\n", name.trim()))?;
    Ok(tree)
}

impl Sendmail {
    /// Makes a configuration of this name.
    ///
    /// # Errors
    /// When its macros are refused.
    pub fn configure(tree: &Tree, site: &Site, name: &str, asks: Asks) -> Result<Self> {
        let feature = match asks {
            Asks::Nobody => String::new(),
            Asks::Daemon(address) => {
                let (host, port) = (address.ip(), address.port());
                format!("FEATURE(`sts', `socket -d90 -T<TMPF> inet:{port}@{host}')dnl\n")
            }
        };
        let queue = format!("{DIRECTORY}/{name}-queue");
        // Without a directory of authorities it takes nobody's word, not even that of those in the file.
        let text = format!(
            "OSTYPE(`linux')dnl\ndefine(`confDOMAIN_NAME', `sm.test')dnl\ndefine(`QUEUE_DIR', `{queue}')dnl\n\
             define(`confCACERT', `{ROOTS}')dnl\ndefine(`confCACERT_PATH', `{DIRECTORY}')dnl\n\
             define(`STATUS_FILE', `')dnl\ndefine(`ALIAS_FILE', `')dnl\n\
             FEATURE(`nocanonify')dnl\n{feature}MAILER(`local')dnl\nMAILER(`smtp')dnl\n"
        );
        site.write(&format!("{DIRECTORY}/{name}.mc"), &text)?;
        let configuration = format!("{DIRECTORY}/{name}.cf");
        run(&mut tree.shell(&format!(
            "umask 077; mkdir -p {queue}; cd {DIRECTORY}; umask 022; \
             m4 -D_CF_DIR_={MACROS}/ {MACROS}/m4/cf.m4 {name}.mc >{configuration}"
        )))?;
        Ok(Self { tree: tree.clone(), configuration })
    }

    /// Sends one mail, and returns the dialogue up to the end of the first attempt.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn send(&self, recipient: &str) -> Result<String> {
        let mut command = self.tree.command("/usr/libexec/sendmail/sendmail");
        // The null sender: what goes wrong makes no further mail.
        command.args(["-C", &self.configuration, "-Am", "-odi", "-v", "-f", "<>", recipient]);
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut input = process.stdin.take().context("no standard input")?;
        write!(input, "Subject: lab\n\nThe secret of {recipient}.\n")?;
        drop(input);
        let output = process.wait_with_output()?;
        let words = [output.stdout, output.stderr].concat();
        Ok(String::from_utf8_lossy(&words).into_owned())
    }
}
