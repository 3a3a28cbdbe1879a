//! The program under test, run where an operator would: beside the sender's Postfix.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::network::output;
use crate::site::Site;
use crate::tree::Tree;

/// Where the program is; set by `./test`.
const PROGRAM: &str = "STARTTLS_BIN";

/// Where it is put for the servers' trees.
const INSIDE: &str = "/lab/bin/starttls";

/// The program, as it can be run in a tree.
#[derive(Clone, Debug)]
pub struct Program {
    tree: Tree,
    /// The loader and its arguments, then the program.
    words: Vec<String>,
}

/// One run of the program.
#[derive(Clone, Debug)]
pub struct Run {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Program {
    /// Brings the program and the libraries that it was linked with to the site.
    ///
    /// A tree may be older or newer than the machine, so its own C library would not do.
    ///
    /// # Errors
    /// When there is no program, or it cannot be copied.
    pub fn bring(tree: &Tree, site: &Site) -> Result<Self> {
        let source = PathBuf::from(env::var_os(PROGRAM).with_context(|| format!("{PROGRAM} is not set"))?);
        let target = site.outside(INSIDE);
        let directory = target.parent().context("no directory")?;
        fs::create_dir_all(directory)?;
        fs::copy(&source, &target).with_context(|| source.display().to_string())?;
        let mut words = Vec::new();
        for library in libraries(&source) {
            let name = library.file_name().context("no name")?.to_string_lossy().into_owned();
            fs::copy(&library, directory.join(&name))?;
            if name.starts_with("ld-") {
                words = vec![format!("/lab/bin/{name}"), "--library-path".into(), "/lab/bin".into()];
            }
        }
        words.push(INSIDE.into());
        Ok(Self { tree: tree.clone(), words })
    }

    /// The same program, started by another one of the tree: these words stand before its own.
    #[must_use]
    pub fn started_by(&self, launcher: &[&str]) -> Self {
        let launcher = launcher.iter().map(|word| (*word).to_owned());
        Self { tree: self.tree.clone(), words: launcher.chain(self.words.clone()).collect() }
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, arguments: &[&str]) -> Result<Run> {
        self.run_later(0, arguments)
    }

    /// Runs it as if so many days had passed; what it starts lives in the present.
    ///
    /// # Errors
    /// As [`Program::run`], and when the tree has no `libfaketime`.
    pub fn run_later(&self, days: u64, arguments: &[&str]) -> Result<Run> {
        let clock = if days > 0 { Clock::Later(days) } else { Clock::True };
        let output = self.command(clock)?.args(arguments).stdin(Stdio::null()).output()?;
        Ok(Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// The program without arguments, to be started.
    ///
    /// # Errors
    /// When it is to live by another clock, and the tree has no `libfaketime`.
    pub fn command(&self, clock: Clock) -> Result<Command> {
        let (loader, rest) = self.words.split_first().context("no program")?;
        let mut command = self.tree.command(loader);
        if clock != Clock::True {
            ensure!(loader.contains("/ld-"), "days pass for programs alone that are linked dynamically");
            command.args(["--preload", &later_library(&self.tree)?]);
        }
        match clock {
            Clock::True => {}
            Clock::Later(days) => {
                command.env("FAKETIME", format!("+{days}d"));
            }
            Clock::Told | Clock::Jumps => {
                if clock == Clock::Jumps {
                    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
                }
                command.env("FAKETIME_TIMESTAMP_FILE", CLOCK).env("FAKETIME_NO_CACHE", "1");
            }
        }
        command.args(rest);
        Ok(command)
    }
}

/// By which clock the program lives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Clock {
    /// The machine's.
    True,
    /// So many days later.
    Later(u64),
    /// What the file [`CLOCK`] says at any moment, such as `+3d`.
    Told,
    /// The same for the time of day alone: as if somebody set the clock.
    Jumps,
}

/// Where a program looks that does not live by the machine's.
pub const CLOCK: &str = "/lab/clock";

/// Tells the time to whoever lives by [`Clock::Told`] or [`Clock::Jumps`]: how much later it is, as in `3d`, `2h` or `5m`.
///
/// # Errors
/// When the file cannot be written.
pub fn tell_time(site: &Site, later: &str) -> Result<()> {
    // At no moment may the file be half written: somebody reads it all the time.
    let new = format!("{CLOCK}.new");
    site.write(&new, &format!("+{later}\n"))?;
    Ok(fs::rename(site.outside(&new), site.outside(CLOCK))?)
}

/// The library that lets days pass, as the tree sees it.
fn later_library(tree: &Tree) -> Result<String> {
    let outside = later_library_outside(tree.root())?;
    Ok(format!("/{}", outside.strip_prefix(tree.root())?.display()))
}

/// The same as it is seen from outside the tree with this root.
///
/// # Errors
/// When it is not there.
pub fn later_library_outside(root: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(root.join("usr/lib"))? {
        let library = entry?.path().join("faketime/libfaketime.so.1");
        if library.exists() {
            return Ok(library);
        }
    }
    anyhow::bail!("no libfaketime in {}", root.display())
}

impl Run {
    /// All that it said.
    pub fn words(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Passes the run on if it ended with this exit code.
    ///
    /// # Errors
    /// When it did not; the error holds what it said.
    pub fn expect(self, code: i32) -> Result<Self> {
        ensure!(self.code == Some(code), "exit code {:?}, not {code}:\n{}", self.code, self.stderr);
        Ok(self)
    }
}

/// The shared libraries of a program and the loader itself; none if it is linked statically.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let text = output(Command::new("ldd").arg(program)).unwrap_or_default();
    text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}
