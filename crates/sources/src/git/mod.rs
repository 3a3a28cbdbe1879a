//! The operator's `git`, run so that neither its settings nor a repository's can make it do anything else.

use std::ffi::OsStr;
use std::path::PathBuf;

/// Where `git` is looked for.
#[derive(Clone, Debug, Default)]
pub struct Git {
    directories: Vec<PathBuf>,
}

/// Looked through after `PATH`, which is often short under cron.
const SYSTEM_DIRECTORIES: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

impl Git {
    /// Along a search path as in `PATH`, then in the system's directories.
    pub fn along(path: Option<&OsStr>) -> Self {
        // A relative directory would run whatever lies where we happen to stand.
        let mut directories: Vec<PathBuf> = path
            .map(|path| std::env::split_paths(path).filter(|entry| entry.is_absolute()).collect())
            .unwrap_or_default();
        directories.extend(SYSTEM_DIRECTORIES.map(PathBuf::from));
        Self { directories }
    }
}
