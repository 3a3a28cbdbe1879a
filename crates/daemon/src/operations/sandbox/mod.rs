//! The sandbox that the daemon puts itself into once its sockets are open and its files are read.
//!
//! It parses what strangers send; should that ever be turned against it, the kernel lets it reach its own directories and nothing
//! else: files by Landlock, system calls by seccomp, no new privileges by either. Best effort: a kernel that has neither runs
//! the daemon all the same, and what is held is told as a value ([`Enforced`]), for the log and the status page.

mod calls;
mod files;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

pub use calls::CallsHeld;
pub use files::{Degree, FilesHeld};

/// What the daemon still needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sandbox {
    /// Directories to write below: state, anchors, those of our Unix sockets.
    pub read_write: Vec<PathBuf>,
    /// What to read beside the system's own directories: settings, authorities, lists. Directories rather than files, since a file
    /// that is replaced later is another one.
    pub read_only: Vec<PathBuf>,
    /// Whether other programs are run.
    pub programs: Programs,
}

/// Whether other programs are run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Programs {
    /// None at all.
    None,
    /// Some are: `git` for lists from repositories, a command for alerts. They are held as we are.
    Run,
}

/// What the kernel holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Enforced {
    /// Of files.
    pub files: FilesHeld,
    /// Of system calls.
    pub calls: CallsHeld,
    /// Paths that were asked for and are not there: they stay out of reach should they come later.
    pub missing: Vec<PathBuf>,
}

impl Sandbox {
    /// Enforces it, for this thread, those that it starts, and, as far as the kernel can, those that there are: call it before
    /// threads are started. There is no way back.
    pub fn enforce(&self) -> Enforced {
        let (files, missing) = files::hold(self);
        // Last, since it takes away what the first needs.
        let calls = calls::hold(self.programs);
        Enforced { files, calls, missing }
    }
}

impl Enforced {
    /// Tells whether all is held that this program knows to hold.
    pub fn is_whole(&self) -> bool {
        let is_whole = matches!(self.files, FilesHeld::Held { degree: Degree::Whole, other_threads: 0, .. });
        is_whole && self.calls == CallsHeld::Held && self.missing.is_empty()
    }
}

impl fmt::Display for Enforced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.files, self.calls)?;
        for path in &self.missing {
            write!(f, "; `{}` is not there and stays out of reach", path.display())?;
        }
        Ok(())
    }
}
