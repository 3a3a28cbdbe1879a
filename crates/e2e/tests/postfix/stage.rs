//! What every claim starts from: a lab with mail for all cases, and a sender without any policy.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use starttls_e2e::cases::CASES;
use starttls_e2e::lab::{Lab, broken_promise};
use starttls_e2e::network::sealed;
use starttls_e2e::outcome::Outcome;
use starttls_e2e::postfix::{ENFORCES_PATTERNS, KNOWS_PATTERNS, Version};
use starttls_e2e::program::{Program, Run};
use starttls_e2e::sender::Sender;
use starttls_e2e::tree::Tree;

/// A lab and the sender under test.
pub(crate) struct Stage {
    pub(crate) lab: Lab,
    pub(crate) sender: Sender,
    pub(crate) version: Version,
    program: Program,
    /// What the program said; shown when a claim does not hold.
    transcript: RefCell<String>,
}

/// The program's own directory.
pub(crate) const OUTPUT: &str = "/lab/tx/starttls";

/// Builds a stage in a sealed network and has the claim played on it; `test` is the full name of the calling test.
pub(crate) fn play(test: &str, tree: &str, claim: fn(&Stage) -> Result<()>) -> Result<()> {
    sealed(test, |trees, site| {
        let mail: Vec<_> = CASES.iter().map(|case| (case.domain, case.hosts)).collect();
        let lab = Lab::build(trees, &site, |names| {
            names.mail(&mail)?;
            // For `level`: a promise that is broken, where the operator's own level is `dane`.
            names.tlsa("absent.mx.test", 25, &broken_promise())
        })?;
        let sender = Sender::start(&Tree::mount(trees, tree, &site)?, &site)?;
        let version = sender.postfix().version()?;
        let expected = match tree {
            "bookworm" => version < KNOWS_PATTERNS,
            "trixie" => version >= ENFORCES_PATTERNS,
            _ => true,
        };
        ensure!(expected, "{tree} has Postfix {version}: choose another suite in crates/e2e/trees");
        let program = Program::bring(sender.postfix().tree(), &site)?;
        let stage = Stage { lab, sender, version, program, transcript: RefCell::default() };
        claim(&stage)
            .map_err(|error| stage.explain(error))
            .with_context(|| format!("Postfix {version} ({tree})"))
    })
}

impl Stage {
    /// Runs `starttls generate … --activate` with these lists, and waits until no client works by the old configuration.
    pub(crate) fn activate(&self, lists: &[String], options: &[&str]) -> Result<Run> {
        self.sender.changing(|| self.attempt(lists, options))
    }

    /// The same where Postfix is not reloaded, and its clients go on as they are.
    pub(crate) fn attempt(&self, lists: &[String], options: &[&str]) -> Result<Run> {
        self.write(lists, &[&["--activate", "--allow-leaf-pins"], options].concat())
    }

    /// Runs `starttls generate …` with these lists, and nothing else.
    pub(crate) fn write(&self, lists: &[String], options: &[&str]) -> Result<Run> {
        let mut arguments = Vec::new();
        let names: Vec<_> = (0..lists.len()).map(|index| format!("/lab/lists/{index}.json")).collect();
        for (name, text) in names.iter().zip(lists) {
            self.sender.postfix().site().write(name, text)?;
            arguments.extend(["--list", name]);
        }
        arguments.extend(options);
        self.generate(&arguments)
    }

    /// Tries to activate: exit code 3, a word about the culprit, and neither main.cf nor the policy in force changes.
    pub(crate) fn expect_refusal(&self, lists: &[String], culprit: &str) -> Result<()> {
        let before = self.policy()?;
        let run = self.attempt(lists, &[])?.expect(3)?;
        ensure!(run.stderr.contains(culprit), "refused without a word about {culprit}");
        ensure!(self.policy()? == before, "refused, and something changed all the same");
        Ok(())
    }

    /// The operator's configuration and, once a policy is in force, every file of the program.
    pub(crate) fn policy(&self) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let site = self.sender.postfix().site();
        let mut files = site.snapshot(&self.sender.postfix().directory())?;
        if site.outside(OUTPUT).join("current").exists() {
            files.extend(site.snapshot(OUTPUT)?);
        }
        Ok(files)
    }

    /// Runs `starttls generate … --deactivate`, and waits until no client works by the old configuration.
    pub(crate) fn deactivate(&self) -> Result<Run> {
        self.sender.changing(|| self.generate(&["--deactivate"]))
    }

    /// The same where Postfix may not be reloaded.
    pub(crate) fn attempt_deactivation(&self) -> Result<Run> {
        self.generate(&["--deactivate"])
    }

    fn generate(&self, arguments: &[&str]) -> Result<Run> {
        let configuration = self.sender.postfix().directory();
        let usual = ["generate", "--mta", "postfix", "--output", OUTPUT, "--postfix-config", &configuration];
        self.run(&[&usual, arguments].concat())
    }

    /// Runs `starttls` with these arguments alone.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Run> {
        let run = self.program.run(arguments)?;
        let Run { code, stdout, stderr } = &run;
        let command = arguments.join(" ");
        write!(self.transcript.borrow_mut(), "--- starttls {command}: {code:?}\n{stdout}{stderr}")?;
        Ok(run)
    }

    /// Sends one mail and complains if it does not end so. The recipient must be new.
    pub(crate) fn expect(&self, recipient: &str, outcome: Outcome) -> Result<()> {
        self.expect_with("Subject: lab", recipient, outcome)
    }

    /// The same for a mail with this header.
    pub(crate) fn expect_with(&self, header: &str, recipient: &str, outcome: Outcome) -> Result<()> {
        let recipients = [recipient.to_owned()];
        self.sender.send_with(header, &recipients)?;
        for delivery in self.sender.deliveries(&recipients)?.values() {
            if let Some(complaint) = outcome.complaint(&self.lab, delivery)? {
                bail!("{recipient}: {complaint}");
            }
        }
        Ok(())
    }

    /// The same for several mails, of which it tells every complaint.
    pub(crate) fn expect_each(&self, expected: &[(&str, Outcome)]) -> Result<()> {
        let complaints: Vec<_> = expected
            .iter()
            .filter_map(|(recipient, outcome)| self.expect(recipient, *outcome).err())
            .collect();
        ensure!(complaints.is_empty(), "{complaints:#?}");
        Ok(())
    }

    /// Prints what the program said and the servers logged.
    fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        println!("{}", self.transcript.borrow());
        for (name, log) in
            [("receiver", self.lab.receiver.postfix().log()), ("sender", self.sender.postfix().log())]
        {
            println!("--- log of the {name} ---\n{}", log.lines().unwrap_or_default().join("\n"));
        }
        error
    }
}
