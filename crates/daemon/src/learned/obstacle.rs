//! The reasons why the node's own store cannot be used, in words that name the file, its owner and the cure.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{PoisonError, RwLock};

use rustix::process::{getegid, geteuid};
use starttls_policy::with_causes;
use starttls_store::{Place, StoreError};

/// What the store cannot do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Obstacle {
    /// It cannot be opened.
    Opening,
    /// Its file has been removed while it was open, and cannot be made again.
    Removed,
    /// It takes no changes.
    Writing,
}

/// The obstacles of the moment.
#[derive(Debug, Default)]
pub(super) struct Obstacles(RwLock<[Option<String>; 3]>);

/// How an obstacle differs from before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Changed {
    /// It is new, or has another reason.
    Begun,
    /// It is gone.
    Ended,
    /// Nothing has changed.
    No,
}

impl Obstacles {
    /// Notes the reason of an obstacle, or that there is none.
    pub(super) fn set(&self, obstacle: Obstacle, reason: Option<String>) -> Changed {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let [opening, removed, writing] = &mut *all;
        let known = match obstacle {
            Obstacle::Opening => opening,
            Obstacle::Removed => removed,
            Obstacle::Writing => writing,
        };
        let changed = match (&reason, &*known) {
            (None, Some(_)) => Changed::Ended,
            (Some(new), before) if before.as_ref() != Some(new) => Changed::Begun,
            _ => Changed::No,
        };
        *known = reason;
        changed
    }

    /// The gravest obstacle, as a sentence.
    pub(super) fn words(&self) -> Option<String> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let [opening, removed, writing] = &*all;
        let say =
            |before: &str, reason: &Option<String>| reason.as_ref().map(|why| format!("{before}: {why}"));
        say("what was learnt cannot be read", opening)
            .or_else(|| say("the store of what was learnt was removed", removed))
            .or_else(|| say("what was learnt cannot be written", writing))
    }
}

/// The error, and what can be seen of its cause.
pub(super) fn words(place: &Place, error: &StoreError) -> String {
    let mut words = with_causes(error);
    let Place::Sqlite(path) = place else { return words };
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    let candidates = [Some(path.as_path()), path.parent()];
    // What does not exist has no owner.
    let foreign = candidates.into_iter().flatten().find_map(|path| {
        let owner = std::fs::symlink_metadata(path).ok()?.uid();
        (owner != uid && uid != 0).then_some((path, owner))
    });
    if let Some((path, owner)) = foreign {
        let path = path.display();
        // Writing to a string does not fail.
        let _ = write!(
            words,
            "; `{path}` belongs to user {owner}, and this process runs as user {uid}: run \
             `chown -R --no-dereference {uid}:{gid} {path}` as root"
        );
    }
    words
}

/// The error of a write, with the file, its owner and the cure.
pub(super) fn words_of_write(place: &Place, error: &StoreError) -> String {
    let words = words(place, error);
    let Place::Sqlite(path) = place else { return words };
    let owner = std::fs::symlink_metadata(path)
        .map_or_else(|_| "is not there".to_owned(), |found| format!("belongs to user {}", found.uid()));
    format!(
        "{words}; `{}` {owner}: see with `df` whether its file system is full or read-only, and make room or remount it",
        path.display()
    )
}
