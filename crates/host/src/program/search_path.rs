//! Directories in which programs are looked for.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// Directories, first the one that is looked through first; nowhere by default.
#[derive(Clone, Debug, Default)]
pub struct SearchPath {
    directories: Vec<PathBuf>,
}

impl SearchPath {
    /// The absolute directories of a search path as in `PATH`, then those of the system.
    pub fn along(path: Option<&OsStr>, system: &[&str]) -> Self {
        // A relative directory would run whatever lies where we happen to stand.
        let own = path.map(std::env::split_paths).into_iter().flatten().filter(|entry| entry.is_absolute());
        Self { directories: own.chain(system.iter().map(PathBuf::from)).collect() }
    }

    /// One directory, and nowhere else.
    pub fn of(directory: impl Into<PathBuf>) -> Self {
        Self { directories: vec![directory.into()] }
    }

    /// The directories.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        self.directories.iter().map(PathBuf::as_path)
    }

    /// Where a program is, if it is anywhere and may be run.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        let runs = |path: &PathBuf| path.is_file() && access(path, Access::EXEC_OK).is_ok();
        self.directories().map(|directory| directory.join(name)).find(runs)
    }

    /// As programs are to see it in `PATH`, for those that call further ones, with the system's directories behind it.
    /// Where a directory has a colon in its name, the system's alone.
    pub fn variable(&self, system: &[&str]) -> OsString {
        let all = self.directories().chain(system.iter().map(Path::new));
        std::env::join_paths(all).unwrap_or_else(|_| system.join(":").into())
    }
}
