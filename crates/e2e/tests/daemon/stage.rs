//! What every claim starts from: a lab, a sender without any policy, and the program; the claim starts the daemon.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use starttls_e2e::daemon::{Daemon, Settings};
use starttls_e2e::delivery::Delivery;
use starttls_e2e::lab::Lab;
use starttls_e2e::log::Log;
use starttls_e2e::names::Names;
use starttls_e2e::network::{run, sealed};
use starttls_e2e::outcome::Outcome;
use starttls_e2e::postfix::{KNOWS_PATTERNS, Version};
use starttls_e2e::program::Program;
use starttls_e2e::sender::Sender;
use starttls_e2e::site::Site;
use starttls_e2e::tree::Tree;

/// A claim, and what the DNS must say for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) names: fn(&mut Names) -> Result<()>,
    pub(crate) play: fn(&mut Stage) -> Result<()>,
}

/// A lab and the sender under test.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) lab: Lab,
    pub(crate) sender: Sender,
    pub(crate) version: Version,
    pub(crate) program: Program,
    pub(crate) site: Site,
    /// Where the unpacked servers are.
    pub(crate) trees: PathBuf,
}

/// Builds a stage in a sealed network and has the claim played on it; `test` is the full name of the calling test.
pub(crate) fn play(test: &str, tree: &str, claim: Claim) -> Result<()> {
    sealed(test, |trees, site| {
        let lab = Lab::build(trees, &site, claim.names)?;
        let tree = Tree::mount(trees, tree, &site)?;
        let sender = Sender::start(&tree, &site)?;
        let version = sender.postfix().version()?;
        let program = Program::bring(&tree, &site)?;
        let mut stage = Stage { lab, sender, version, program, site, trees: trees.to_owned() };
        let result = (claim.play)(&mut stage);
        result.map_err(|error| stage.explain(error)).with_context(|| format!("Postfix {version}"))
    })
}

impl Stage {
    /// Starts a daemon.
    pub(crate) fn start(&self, settings: Settings) -> Result<Daemon> {
        let daemon = Daemon::start(&self.program, &self.site, settings)?;
        // As its manual says: clients that are chrooted look for anchors below the queue directory.
        let anchors = daemon.path("anchors");
        fs::create_dir_all(self.site.outside(&format!("/lab/tx/queue{anchors}")))?;
        let root = self.sender.postfix().tree().root().display().to_string();
        run(Command::new("mount").args([
            "--bind",
            &(root.clone() + &anchors),
            &(root + "/lab/tx/queue" + &anchors),
        ]))?;
        Ok(daemon)
    }

    /// Has Postfix ask a daemon, through the map that says most of what this version understands.
    pub(crate) fn ask(&self, daemon: &Daemon) -> Result<()> {
        self.sender.ask(daemon.address(), self.map())
    }

    /// The map that says most of what this version understands.
    pub(crate) fn map(&self) -> &'static str {
        if self.version >= KNOWS_PATTERNS { "QUERYwithTLSRPT" } else { "QUERY" }
    }

    /// Sends one mail and complains if it does not end so. The recipient must be new.
    pub(crate) fn expect(&self, recipient: &str, outcome: Outcome) -> Result<()> {
        self.expect_all(&[(recipient, outcome)])
    }

    /// The same for many mails at once.
    pub(crate) fn expect_all(&self, mails: &[(&str, Outcome)]) -> Result<()> {
        let recipients: Vec<_> = mails.iter().map(|(recipient, _)| (*recipient).to_owned()).collect();
        let deliveries = self.deliver(&recipients)?;
        let mut complaints = Vec::new();
        for ((recipient, outcome), delivery) in mails.iter().zip(&deliveries) {
            let complaint = outcome.complaint(&self.lab, delivery)?;
            complaints.extend(complaint.map(|words| format!("{recipient}: {words}")));
        }
        ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
        Ok(())
    }

    /// Sends one mail to each recipient, and returns what became of each.
    pub(crate) fn deliver(&self, recipients: &[String]) -> Result<Vec<Delivery>> {
        let mut deliveries: HashMap<_, _> = self.sender.deliver(recipients)?;
        self.sender.empty_queue()?;
        let deliveries: Vec<_> = recipients.iter().filter_map(|one| deliveries.remove(one)).collect();
        if deliveries.len() != recipients.len() {
            bail!("a recipient was named twice");
        }
        Ok(deliveries)
    }

    /// Prints what the servers logged.
    fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        let file = |path: &str| Log::at(&self.site.outside(path));
        for (name, log) in [
            ("receiver", self.lab.receiver.postfix().log()),
            ("sender", self.sender.postfix().log()),
            ("policy hosts", file("/lab/web/error.log")),
            ("daemon", file("/lab/daemon/log")),
            ("second daemon", file("/lab/second/log")),
        ] {
            let lines = log.lines().unwrap_or_default();
            if !lines.is_empty() {
                println!("--- log of the {name} ---\n{}", lines.join("\n"));
            }
        }
        error
    }
}
