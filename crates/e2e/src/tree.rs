//! Trees: root directories with unpacked servers, in which commands run by `chroot`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::network::run;
use crate::site::{INSIDE, Site};

/// A root directory that holds some servers and all they need.
#[derive(Clone, Debug)]
pub struct Tree {
    root: PathBuf,
}

impl Tree {
    /// Tells whether the tree `name` was unpacked.
    pub fn exists(trees: &Path, name: &str) -> bool {
        trees.join(name).join("recipe").exists()
    }

    /// Mounts what a tree needs to live: devices, processes, and the site. Namespaces undo it.
    ///
    /// # Errors
    /// When the tree is missing or a mount is refused.
    pub fn mount(trees: &Path, name: &str, site: &Site) -> Result<Self> {
        ensure!(Self::exists(trees, name), "no tree `{name}` in {}", trees.display());
        let root = trees.join(name);
        run(Command::new("mount").args(["--rbind", "/dev"]).arg(root.join("dev")))?;
        run(Command::new("mount").args(["-t", "proc", "proc"]).arg(root.join("proc")))?;
        let lab = root.join(INSIDE.trim_start_matches('/'));
        run(Command::new("mount").arg("--bind").arg(site.outside(INSIDE)).arg(lab))?;
        Ok(Self { root })
    }

    /// The root directory as it is seen from outside.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A command that runs inside, with nothing of our environment.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("chroot");
        command.arg(&self.root).arg(program);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin").env("LC_ALL", "C").env("HOME", "/root");
        command
    }

    /// Runs a line of shell inside.
    pub fn shell(&self, line: &str) -> Command {
        let mut command = self.command("/bin/sh");
        command.args(["-euc", line]);
        command
    }
}
