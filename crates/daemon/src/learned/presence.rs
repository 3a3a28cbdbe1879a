//! Notices that the file of the open store was removed or replaced, and puts the store back in its place.
//!
//! A removed file lives on as long as it is open: all that was learnt can still be read, and is copied to where it was.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::PoisonError;

use starttls_policy::with_causes;
use starttls_store::{Database, Place};

use super::obstacle::{Changed, Obstacle};
use super::own::Own;

/// Device and inode of the file at a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct FileId(u64, u64);

impl FileId {
    /// The file at a place; none where there is none, or the place is on a server.
    pub(super) fn of(place: &Place) -> Option<Self> {
        let Place::Sqlite(path) = place else { return None };
        let found = std::fs::metadata(path).ok()?;
        Some(Self(found.dev(), found.ino()))
    }
}

impl Own {
    /// Looks whether the open store still is the file at its path, and puts that right if not.
    pub(super) async fn look_for_file(&self) {
        let (Some(database), Place::Sqlite(path)) = (self.database(), &self.place) else { return };
        let opened = *self.file.read().unwrap_or_else(PoisonError::into_inner);
        let found = FileId::of(&self.place);
        if opened.is_none() || found == opened {
            return;
        }
        if found.is_some() {
            tracing::error!(
                "`{}` was replaced while it was open: what it holds now counts, what was learnt before is lost; \
                 stop the daemon before the store is replaced",
                path.display()
            );
            self.exchange(&database).await;
        } else {
            self.restore(&database, path).await;
        }
    }

    /// Writes the store to where it was.
    async fn restore(&self, database: &Database, path: &Path) {
        let shown = path.display();
        // A copy that was cut off by a full disk.
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let _ = std::fs::remove_file(&part);
        let reason = database.backup_to(path).await.err().map(|error| {
            let directory = path.parent().unwrap_or(path).display();
            format!(
                "{}; `{shown}` is gone and cannot be made again, it is tried every few seconds: make `{directory}` again for \
                 user {}, then restart the daemon if this message stays",
                with_causes(&error),
                rustix::process::geteuid().as_raw(),
            )
        });
        let is_restored = reason.is_none();
        let words = reason.clone().unwrap_or_default();
        let changed = self.obstacles.set(Obstacle::Removed, reason);
        if is_restored {
            tracing::error!(
                "`{shown}` was removed while it was open, and has been written again with all that was learnt; to forget, \
                 use `starttls cache purge`, and see what removes files there"
            );
            self.exchange(database).await;
        } else if changed == Changed::Begun {
            tracing::error!("the store of what was learnt was removed: {words}");
        }
    }

    /// A store whose file is gone cannot put its log into it when it is closed, and leaves it behind: the store at the path now would
    /// take it for its own.
    fn remove_log_of_the_one_before(&self) {
        let Place::Sqlite(path) = &self.place else { return };
        for ending in ["-wal", "-shm"] {
            let mut log = path.as_os_str().to_owned();
            log.push(ending);
            if let Err(error) = std::fs::remove_file(&log)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::error!(
                    "the log of the store before cannot be removed: `{}`: {error}",
                    Path::new(&log).display()
                );
            }
        }
    }

    /// Opens the file that is at the path now, in place of the one that is open.
    async fn exchange(&self, before: &Database) {
        // First: a store that is closed removes the log at its path, which must not be the new one's.
        before.close().await;
        self.remove_log_of_the_one_before();
        *self.database.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.obstacles.set(Obstacle::Removed, None);
        // It may hold domains that the old one did not.
        self.names.forget();
        self.forget_counts().await;
        self.reopen().await;
    }
}
