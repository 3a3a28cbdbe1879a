//! A server's log file, and waiting for something to appear in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long anything in the lab may take. Generous: the machine may be busy, and nothing waits longer than it must.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// How long to rest between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks again and again until there is something to see.
///
/// # Errors
/// When `look` fails, or shows nothing for as long as [`PATIENCE`] lasts; `what` says what was missed.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if start.elapsed() > PATIENCE {
            bail!("no {what} within {} s", PATIENCE.as_secs());
        }
        thread::sleep(PAUSE);
    }
}

/// A log file.
#[derive(Clone, Debug)]
pub struct Log {
    path: PathBuf,
}

impl Log {
    /// The log at `path`, which need not exist yet.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// All complete lines so far.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn lines(&self) -> Result<Vec<String>> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let bytes = fs::read(&self.path)?;
        let complete = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        Ok(String::from_utf8_lossy(&bytes[..complete]).lines().map(str::to_owned).collect())
    }

    /// Waits for a line that contains `text`, after the first `skip` lines.
    ///
    /// # Errors
    /// When it does not come.
    pub fn wait_for_line(&self, text: &str, skip: usize) -> Result<String> {
        wait_for(&format!("`{text}` in {}", self.path.display()), || {
            Ok(self.lines()?.into_iter().skip(skip).find(|line| line.contains(text)))
        })
    }
}
