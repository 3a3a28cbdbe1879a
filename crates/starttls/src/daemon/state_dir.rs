//! Whether the state directory is the one that the sandbox was closed around.
//!
//! Landlock holds directories, not paths: a directory that is removed and made again is out of reach until a restart. A rule for the
//! directory above would let the daemon write to whatever else lies there, so this is reported instead.
//!
//! Spec: landlock(7).

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The state directory as it was at the start.
#[derive(Clone, Debug)]
pub(super) struct StateDirectory {
    path: PathBuf,
    /// Open, so that no other directory gets its inode; `None` where nothing is held, or there was none.
    begun: Option<Arc<File>>,
}

/// Whether the sandbox holds files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Files {
    Held,
    Free,
}

impl StateDirectory {
    /// The directory that is there now.
    pub(super) fn new(path: &Path, files: Files) -> Self {
        let begun = (files == Files::Held).then(|| File::open(path).ok()).flatten().map(Arc::new);
        Self { path: path.to_owned(), begun }
    }

    /// Why nothing can be read or written there, with the cure.
    pub(super) fn trouble(&self) -> Option<String> {
        let begun = self.begun.as_ref()?.metadata().ok()?;
        let found = fs::metadata(&self.path).ok()?;
        let is_same = (found.dev(), found.ino()) == (begun.dev(), begun.ino());
        (!is_same).then(|| {
            format!(
                "the state directory `{}` was removed and made again, and the sandbox keeps the new one from the daemon, so that \
                 nothing can be stored: restart the daemon",
                self.path.display()
            )
        })
    }

    /// Logs when that begins, for ever.
    pub(super) async fn follow(self) {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before = None;
        loop {
            ticks.tick().await;
            let trouble = self.trouble();
            if let Some(words) = trouble.as_ref().filter(|_| before.is_none()) {
                tracing::error!("{words}");
            }
            before = trouble;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_d5_directory_that_is_made_again_behind_the_sandbox_is_named_with_the_cure() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("state");
        fs::create_dir(&path).unwrap();
        let [held, free] = [Files::Held, Files::Free].map(|files| StateDirectory::new(&path, files));
        assert_eq!(held.trouble(), None);
        fs::remove_dir(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let words = held.trouble().unwrap();
        assert!(words.contains("state` was removed") && words.contains("restart the daemon"), "{words}");
        assert_eq!(free.trouble(), None, "nothing keeps it from the daemon");
    }
}
