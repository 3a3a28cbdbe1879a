//! The operator: a mail server whose settings name the list, and what its mail does.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use starttls_e2e::delivery::{Channel, Delivery};
use starttls_e2e::program::{Program, Run};
use starttls_e2e::sender::{Reloaded, Sender};
use starttls_e2e::site::Site;
use starttls_e2e::tree::Tree;
use starttls_testkit::https::Server;

use crate::maintainers::Maintainers;

const SETTINGS: &str = "/lab/operator/starttls.toml";

/// The operator of the sending mail server.
pub(crate) struct Operator<'a> {
    site: Site,
    sender: &'a Sender,
    program: Program,
    /// Days that have passed for the program.
    days: u64,
}

impl<'a> Operator<'a> {
    /// Writes settings that trust the list at this mirror.
    pub(crate) fn new(tree: &Tree, site: &Site, sender: &'a Sender, mirror: &Server) -> Result<Self> {
        let settings = format!(
            "state-dir = \"/lab/operator/state\"\n\
             [postfix]\noutput = \"/lab/operator/policy\"\nconfig = \"{}\"\nprobe = false\n\
             [update]\nca-file = \"/lab/mirror-ca.pem\"\nwithdrawal-timer = \"own\"\n\
             [[list]]\nname = \"everywhere\"\ntrust = \"witnessed\"\nroot = \"root.note\"\nurls = [\"{}\"]\n",
            sender.postfix().directory(),
            mirror.url("/")
        );
        site.write(SETTINGS, &settings)?;
        Ok(Self { site: site.clone(), sender, program: Program::bring(tree, site)?, days: 0 })
    }

    /// Pins the first root, which came by another way than the list.
    pub(crate) fn pin(&self, maintainers: &Maintainers) -> Result<()> {
        self.site.write("/lab/operator/root.note", &maintainers.read("root.1.note")?)
    }

    pub(crate) fn pass_days(&mut self, days: u64) {
        self.days += days;
    }

    /// Runs `starttls update`, which must end so; answers what it said.
    pub(crate) fn update(&self, code: i32) -> Result<String> {
        let run = self.sender.perhaps_changing(|| {
            let before = self.policy()?;
            let run = self.run(&["update"])?;
            Ok((run, if self.policy()? == before { Reloaded::No } else { Reloaded::Yes }))
        })?;
        Ok(run.expect(code)?.words())
    }

    /// Runs `starttls update --verbose` against a hostile mirror: it says so, and what is in force stays.
    pub(crate) fn expect_refused(&self, says: &str) -> Result<()> {
        let before = self.policy()?;
        let words = self.run(&["update", "--verbose"])?.words();
        ensure!(words.contains(says), "it does not say `{says}`:\n{words}");
        ensure!(self.policy()? == before, "the policy in force changed");
        Ok(())
    }

    /// What the mail server works by: main.cf, and the generation in force.
    fn policy(&self) -> Result<(String, Option<PathBuf>)> {
        let link = self.site.outside("/lab/operator/policy/current");
        Ok((self.sender.postfix().main_cf()?, std::fs::read_link(link).ok()))
    }

    /// Runs `starttls withdraw`, as the timer does.
    pub(crate) fn withdraw(&self, code: i32) -> Result<String> {
        let run = self.sender.changing(|| self.run(&["withdraw"]))?;
        Ok(run.expect(code)?.words())
    }

    /// `starttls status` shows the list in this state and exits so.
    pub(crate) fn status(&self, state: &str, code: i32) -> Result<()> {
        // As the withdrawal timer would have done within the hour; it finds nothing to do unless something has ended.
        if code == 0 {
            self.run(&["withdraw"])?.expect(0)?;
        }
        let words = self.run(&["status"])?.expect(code)?.words();
        ensure!(words.contains(&format!("everywhere: {state}")), "status is not {state}:\n{words}");
        Ok(())
    }

    /// `starttls why` names this organisation among the reasons.
    pub(crate) fn why(&self, domain: &str, organisation: &str) -> Result<()> {
        let words = self.run(&["why", domain])?.expect(0)?.words();
        ensure!(words.contains(organisation), "why does not name {organisation}:\n{words}");
        Ok(())
    }

    /// Mail to a server that offers no STARTTLS goes out readable.
    pub(crate) fn expect_cleartext(&self, recipient: &str) -> Result<()> {
        let delivery = self.deliver(recipient)?;
        ensure!(delivery.status == "sent" && delivery.channel() == Channel::Cleartext, "{delivery:?}");
        Ok(())
    }

    /// Mail waits rather than go out readable.
    pub(crate) fn expect_deferred(&self, recipient: &str) -> Result<()> {
        let delivery = self.deliver(recipient)?;
        ensure!(delivery.status == "deferred" && delivery.reason.contains("TLS is required"), "{delivery:?}");
        Ok(())
    }

    /// Mail goes to a server whose certificate was verified.
    pub(crate) fn expect_verified(&self, recipient: &str) -> Result<()> {
        let delivery = self.deliver(recipient)?;
        ensure!(delivery.status == "sent" && delivery.channel() == Channel::Verified, "{delivery:?}");
        Ok(())
    }

    fn deliver(&self, recipient: &str) -> Result<Delivery> {
        let mut deliveries = self.sender.deliver(&[recipient.to_owned()])?;
        deliveries.remove(recipient).ok_or_else(|| anyhow::anyhow!("nothing is heard of {recipient}"))
    }

    fn run(&self, arguments: &[&str]) -> Result<Run> {
        println!("  # starttls {}", arguments.join(" "));
        let run = self.program.run_later(self.days, &[&["--config", SETTINGS], arguments].concat())?;
        for line in run.stderr.lines() {
            println!("    {line}");
        }
        Ok(run)
    }
}
