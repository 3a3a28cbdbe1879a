//! The site: the directory of one run, which every server sees as `/lab`.
//!
//! Paths in configurations are inside paths (`/lab/…`); the test itself reads and writes the same files by [`Site::outside`].

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

/// The site as the servers see it; `trees` makes this directory in each tree.
pub const INSIDE: &str = "/lab";

/// The directory of one run.
#[derive(Clone, Debug)]
pub struct Site {
    outside: PathBuf,
}

impl Site {
    /// Makes the directory for a new run below `runs`; it is removed when the value goes.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn directory(runs: &Path) -> Result<TempDir> {
        fs::create_dir_all(runs)?;
        let directory = tempfile::tempdir_in(runs)?;
        // Servers that drop root must be able to look inside.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
        Ok(directory)
    }

    /// Takes up a directory made before.
    pub fn at(outside: &Path) -> Self {
        Self { outside: outside.to_owned() }
    }

    /// The path from outside of something inside.
    pub fn outside(&self, inside: &str) -> PathBuf {
        let below = inside.strip_prefix(INSIDE).unwrap_or(inside);
        self.outside.join(below.trim_start_matches('/'))
    }

    /// Writes a file, and the directories above it.
    ///
    /// The file looks older than it is: Postfix will not read a file that changed within the last second, and waits.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, inside: &str, content: &str) -> Result<()> {
        let path = self.outside(inside);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, content).with_context(|| path.display().to_string())?;
        self.age(inside)
    }

    /// Makes a file look older than it is.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn age(&self, inside: &str) -> Result<()> {
        let file = fs::File::options().append(true).open(self.outside(inside))?;
        Ok(file.set_modified(SystemTime::now() - Duration::from_hours(1))?)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is not there, or not text.
    pub fn read(&self, inside: &str) -> Result<String> {
        let path = self.outside(inside);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    }

    /// All files below a directory with their content, and all links with where they lead.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn snapshot(&self, inside: &str) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
        let mut found = BTreeMap::new();
        let mut directories = vec![self.outside(inside)];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
                let (kind, path) = entry.map(|entry| (entry.file_type(), entry.path()))?;
                let kind = kind?;
                if kind.is_dir() {
                    directories.push(path);
                } else if kind.is_symlink() {
                    let target = fs::read_link(&path)?;
                    found.insert(path, target.into_os_string().into_encoded_bytes());
                } else {
                    let content = fs::read(&path)?;
                    found.insert(path, content);
                }
            }
        }
        Ok(found)
    }
}
