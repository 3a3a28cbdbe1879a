//! The state of a file, to see whether it is another one now: through all links, and of the last of them.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The most links that are followed, as the kernel does.
const MAX_LINKS: usize = 40;

/// The state of a file. Reading it needs no right to read the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Mark {
    path: PathBuf,
    /// Device, inode, size, and when content and state were changed; `None` where there is no file.
    state: Option<(u64, u64, u64, [i64; 4])>,
}

impl Mark {
    /// The state of the file that a path leads to.
    pub(super) fn of(path: &Path) -> Self {
        let state = fs::metadata(path).ok().map(|found| {
            let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
            (found.dev(), found.ino(), found.len(), times)
        });
        Self { path: links(path).pop().unwrap_or_else(|| path.to_owned()), state }
    }
}

/// The paths that a path leads to, link by link, the last one first to be no link; it need not be there.
pub(super) fn links(path: &Path) -> Vec<PathBuf> {
    let mut all = vec![path.to_owned()];
    while let Some(target) = all.last().and_then(|last| Some(last.parent()?.join(fs::read_link(last).ok()?)))
    {
        if all.len() > MAX_LINKS {
            break;
        }
        all.push(target);
    }
    all
}

/// The directory of a path, or the nearest one above it that is there; none where that is the root.
pub(super) fn nearest_directory(path: &Path) -> Option<PathBuf> {
    let found = path.ancestors().skip(1).find(|directory| directory.is_dir())?;
    // `a/../b` counts as the kernel takes it.
    let found = fs::canonicalize(found).ok()?;
    found.parent().is_some().then_some(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn fault_15_mark_changes_with_the_file_and_with_each_link_to_it() {
        let place = starttls_testkit::world::directory().unwrap();
        let path = |name: &str| place.path().join(name);
        let link = path("link");
        let mut before = Mark::of(&link);
        let mut changed = |what: &str| {
            let after = Mark::of(&link);
            assert_ne!(after, before, "{what}");
            before = after;
        };
        symlink("run/one", &link).unwrap();
        changed("a link that leads nowhere");
        fs::create_dir(path("run")).unwrap();
        fs::write(path("run/one"), "a").unwrap();
        changed("its target appears");
        fs::write(path("run/one"), "ab").unwrap();
        changed("its target is written");
        fs::write(path("run/new"), "ab").unwrap();
        fs::rename(path("run/new"), path("run/one")).unwrap();
        changed("its target is replaced");
        fs::hard_link(path("run/one"), path("run/two")).unwrap();
        fs::remove_file(&link).unwrap();
        symlink("run/two", &link).unwrap();
        changed("the link is replaced");
    }

    #[test]
    fn fault_15_links_in_a_circle_end() {
        let place = starttls_testkit::world::directory().unwrap();
        let link = place.path().join("link");
        symlink("link", &link).unwrap();
        assert!(links(&link).len() <= MAX_LINKS + 1);
        assert_eq!(Mark::of(&link).state, None);
    }

    #[test]
    fn fault_15_nearest_directory_is_one_that_is_there() {
        let place = starttls_testkit::world::directory().unwrap();
        let root = fs::canonicalize(place.path()).unwrap();
        assert_eq!(nearest_directory(&root.join("file")), Some(root.clone()));
        assert_eq!(nearest_directory(&root.join("not/yet/there")), Some(root));
        assert_eq!(nearest_directory(Path::new("/not-there/file")), None);
    }
}
