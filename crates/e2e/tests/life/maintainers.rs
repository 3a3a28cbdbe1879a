//! The maintainers: organisations with their keys, a log, two witnesses, and what they publish.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use starttls_policy::Timestamp;
use starttls_trust::{SignedNote, SigningKey};

use crate::SECONDS_A_DAY;

/// Everybody who has a key, and for what.
const KEYS: [(&str, &str); 7] = [
    ("alpha", "organisation"),
    ("beta", "organisation"),
    ("gamma", "organisation"),
    ("delta", "organisation"),
    ("log", "log"),
    ("red", "witness"),
    ("green", "witness"),
];

const WITNESSES: [&str; 2] = ["red", "green"];

/// The organisations' machines, all on one table.
pub(crate) struct Maintainers {
    table: PathBuf,
    library: PathBuf,
    /// Days that have passed for them.
    days: u64,
    roots: u32,
}

/// How a run of the program ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    words: String,
}

impl Maintainers {
    /// Makes everybody's keys in an empty directory; `library` lets days pass.
    pub(crate) fn meet(table: &Path, library: &Path) -> Result<Self> {
        fs::create_dir_all(table)?;
        let maintainers = Self { table: table.to_owned(), library: library.to_owned(), days: 0, roots: 0 };
        for (name, kind) in KEYS {
            let line = format!("list key new --name {name}.example/key --type {kind} --output {name}.key");
            let public = maintainers.run(&line)?;
            fs::write(table.join(format!("{name}.pub")), public.trim())?;
        }
        Ok(maintainers)
    }

    /// What mirrors copy.
    pub(crate) fn public(&self) -> PathBuf {
        self.table.join("public")
    }

    /// A file of theirs.
    pub(crate) fn read(&self, name: &str) -> Result<String> {
        fs::read_to_string(self.table.join(name)).with_context(|| name.to_owned())
    }

    pub(crate) fn pass_days(&mut self, days: u64) {
        self.days += days;
    }

    /// The first root, signed by two of three.
    pub(crate) fn make_root(&mut self, organisations: &[&str]) -> Result<()> {
        self.write_template(organisations)?;
        self.run("list init-root root.toml --output root.1.note")?;
        self.roots = 1;
        self.sign("root.1.note", &organisations[..2])
    }

    /// The next root; signed by whoever stays and whoever comes.
    pub(crate) fn rotate_root(&mut self, organisations: &[&str]) -> Result<()> {
        self.write_template(organisations)?;
        let (old, new) = (self.roots, self.roots + 1);
        self.run(&format!("list rotate-root root.toml --root root.{old}.note --output root.{new}.note"))?;
        for name in organisations {
            self.run(&format!("list sign root.{new}.note --key {name}.key --root root.{old}.note --yes"))?;
        }
        self.roots = new;
        self.publish(&format!("--root root.{new}.note"))
    }

    /// A list that enforces these domains, whose servers stand below `mx.test`, built, reviewed, signed and published.
    pub(crate) fn publish_list(&self, serial: u32, domains: &[&str], signers: &[&str]) -> Result<()> {
        let mut policies = Vec::new();
        for domain in domains {
            let host = domain.trim_end_matches(".test");
            policies.push(format!(r#""{domain}": {{"mode": "enforce", "mxs": ["{host}.mx.test"]}}"#));
        }
        let source = format!(r#"{{"version": "0.1", "policies": {{{}}}}}"#, policies.join(", "));
        fs::write(self.table.join(format!("source-{serial}.json")), source)?;
        let previous = if serial == 1 { "--first" } else { "--previous public/list.json" };
        let root = self.roots;
        self.run(&format!(
            "list build source-{serial}.json {previous} --serial {serial} --author Foundation --timestamp now \
             --expires 180d --root root.{root}.note --output ."
        ))?;
        self.run(&format!("list review list-{serial}.note {previous}"))?;
        self.sign(&format!("list-{serial}.note"), signers)?;
        let roots = if serial == 1 { "--root root.1.note " } else { "" };
        self.publish(&format!("{roots}--list list-{serial}.json --statement list-{serial}.note"))
    }

    /// An order that lets a domain count as `testing`.
    pub(crate) fn relax(&self, organisation: &str, domain: &str) -> Result<()> {
        self.run(&format!(
            "list relax new --organisation {organisation} --domain {domain} --reason certificate-lost --days 3 \
             --list public/list.json --output relax.note"
        ))?;
        self.sign("relax.note", &[organisation])?;
        self.publish("--relax relax.note")
    }

    /// Takes that order back.
    pub(crate) fn cancel_relax(&self, organisation: &str) -> Result<()> {
        self.run(&format!(
            "list relax cancel relax.note --organisation {organisation} --reason found --output cancel.note"
        ))?;
        self.sign("cancel.note", &[organisation])?;
        self.publish("--relax cancel.note")
    }

    /// Has the witnesses say once more what they see; nobody signs.
    pub(crate) fn refresh(&self) -> Result<()> {
        self.cosign("public/checkpoint")?;
        self.run("list refresh public --root root.1.note --cosigned red.cosigned green.cosigned")?;
        Ok(())
    }

    /// Runs one command line of the program; answers its standard output.
    pub(crate) fn run(&self, line: &str) -> Result<String> {
        let ended = self.end(line)?;
        ensure!(ended.code == Some(0), "starttls {line}: {:?}\n{}", ended.code, ended.words);
        Ok(ended.stdout)
    }

    fn sign(&self, file: &str, signers: &[&str]) -> Result<()> {
        for name in signers {
            let root = if file == "root.1.note" { 1 } else { self.roots };
            self.run(&format!("list sign {file} --key {name}.key --root root.{root}.note --yes"))?;
        }
        Ok(())
    }

    /// Publishes: once to be told what to cosign, once more with the cosignatures.
    fn publish(&self, rest: &str) -> Result<()> {
        let line = format!("list publish public --log-key log.key {rest}");
        let ended = self.end(&line)?;
        ensure!(
            ended.code == Some(1) && ended.words.contains("0 of 2"),
            "published without witnesses: {}",
            ended.words
        );
        self.cosign("log.key.log/checkpoint")?;
        self.run(&format!("{line} --cosigned red.cosigned green.cosigned"))?;
        Ok(())
    }

    /// What witnesses do who see this checkpoint: a copy each with a cosignature of now.
    fn cosign(&self, checkpoint: &str) -> Result<()> {
        let note = self.read(checkpoint)?;
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() + self.days * SECONDS_A_DAY;
        for name in WITNESSES {
            let text = self.read(&format!("{name}.key"))?;
            let key = SigningKey::parse(text.lines().last().context("an empty key file")?)?;
            let note =
                SignedNote::parse(note.as_bytes())?.cosigned_by(&key, Timestamp::from_seconds(seconds)?);
            fs::write(self.table.join(format!("{name}.cosigned")), note.to_string())?;
        }
        Ok(())
    }

    fn end(&self, line: &str) -> Result<Ended> {
        println!("  $ starttls {line}");
        let mut command = Command::new(env::var_os("STARTTLS_BIN").context("STARTTLS_BIN is not set")?);
        command.args(line.split_whitespace()).current_dir(&self.table);
        if self.days > 0 {
            command.env("LD_PRELOAD", &self.library).env("FAKETIME", format!("+{}d", self.days));
        }
        let output = command.output()?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let words = format!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
        Ok(Ended { code: output.status.code(), stdout, words })
    }

    fn write_template(&self, organisations: &[&str]) -> Result<()> {
        let key = |name: &str| self.read(&format!("{name}.pub"));
        let mut text = String::from(
            "quorum = 2\n[roles]\nroot = { threshold = 2 }\nlist = { threshold = 2 }\nrelax = { threshold = 1 }\n",
        );
        writeln!(text, "[log]\nkey = \"{}\"", key("log")?)?;
        for name in organisations {
            writeln!(text, "[organisations.{name}]\nkeys = [\"{}\"]", key(name)?)?;
        }
        for name in WITNESSES {
            let url = format!("https://{name}.example/");
            writeln!(
                text,
                "[[witnesses]]\norganisation = \"{name}\"\nkey = \"{}\"\nurl = \"{url}\"",
                key(name)?
            )?;
        }
        Ok(fs::write(self.table.join("root.toml"), text)?)
    }
}
