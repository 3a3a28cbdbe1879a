//! The reason why the node's own store cannot be opened, in words that name the file, its owner and the cure.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;

use rustix::process::{getegid, geteuid};
use starttls_policy::with_causes;
use starttls_store::{Place, StoreError};

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
