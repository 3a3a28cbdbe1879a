//! Whether a path leads into a directory, by any spelling and over any link.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

/// As many links as the kernel follows in one path.
const MAX_LINKS: usize = 40;
/// What Postfix adds to the name of a table to get the name of its file.
const SUFFIXES: [&str; 6] = ["", ".db", ".lmdb", ".cdb", ".dir", ".pag"];

/// A directory that paths may lead into.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    /// Without links.
    root: PathBuf,
    /// A link in it that is exchanged, and therefore never followed.
    exchanged: PathBuf,
    /// Device and inode of it and of the directories below, which tell a bind mount of one of them.
    identities: HashSet<(u64, u64)>,
}

impl Directory {
    /// The directory with everything in it; `depth` levels of directories below it are known by identity, too.
    ///
    /// Paths over the link `exchanged` end behind it, not where it leads at the moment.
    pub(super) fn new(path: &Path, depth: usize, exchanged: &str) -> Self {
        let mut identities = HashSet::new();
        add_identities(path, depth, &mut identities);
        let root = resolve(path, Path::new(""));
        Self { exchanged: root.join(exchanged), root, identities }
    }

    /// Where a path ends, if that is in the directory, or in what is mounted from it elsewhere.
    ///
    /// A relative path begins in `base`; an absolute one is tried from there as well, since a daemon may be chrooted.
    pub(super) fn entered_by(&self, path: &Path, base: &Path) -> Option<PathBuf> {
        let in_base = base.join(path.strip_prefix("/").unwrap_or(path));
        let starts = if path.is_absolute() { vec![path.to_owned(), in_base] } else { vec![in_base] };
        let spelled = starts.iter().flat_map(|start| {
            SUFFIXES.iter().map(move |suffix| {
                let mut name = OsString::from(start);
                name.push(suffix);
                PathBuf::from(name)
            })
        });
        spelled.map(|path| resolve(&path, &self.exchanged)).find(|resolved| self.holds(resolved))
    }

    /// The part of a path below the directory, where it leads there by its own words: no link stands behind the
    /// directory's name.
    pub(super) fn remainder(&self, path: &Path) -> Option<PathBuf> {
        let mut above = PathBuf::new();
        let mut components = path.components();
        while let Some(component) = components.next() {
            above.push(component);
            if above.parent().is_some() && resolve(&above, &self.exchanged) == self.root {
                let rest = components.as_path();
                if rest.components().all(|component| matches!(component, Component::Normal(_))) {
                    return Some(rest.to_owned());
                }
            }
        }
        None
    }

    fn holds(&self, resolved: &Path) -> bool {
        resolved.starts_with(&self.root)
            || resolved
                .ancestors()
                .any(|above| identity(above).is_some_and(|known| self.identities.contains(&known)))
    }
}

fn add_identities(path: &Path, depth: usize, identities: &mut HashSet<(u64, u64)>) {
    identities.extend(identity(path));
    if depth == 0 {
        return;
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            add_identities(&entry.path(), depth - 1, identities);
        }
    }
}

/// Device and inode of a directory.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_dir)?;
    Some((metadata.dev(), metadata.ino()))
}

/// The path without links, `.` and `..`; what does not exist counts by its spelling. The link `opaque` is not followed.
fn resolve(path: &Path, opaque: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    let mut links = 0;
    // Components still to be walked, the next one last.
    let mut ahead: Vec<OsString> = reversed(path);
    while let Some(name) = ahead.pop() {
        if name == ".." {
            resolved.pop();
            continue;
        }
        let next = resolved.join(&name);
        match fs::read_link(&next) {
            Ok(target) if next != opaque && links < MAX_LINKS => {
                links += 1;
                if target.is_absolute() {
                    resolved = PathBuf::new();
                }
                ahead.extend(reversed(&target));
            }
            _ => resolved = next,
        }
    }
    resolved
}

/// The components of a path without `.`, the last one first.
fn reversed(path: &Path) -> Vec<OsString> {
    let names = path.components().filter(|component| *component != Component::CurDir);
    names.map(|component| component.as_os_str().to_owned()).rev().collect()
}

#[cfg(test)]
mod paths {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn enter_a_directory_by_any_spelling_or_link() {
        let holder = starttls_testkit::world::directory().unwrap();
        let home = holder.path().canonicalize().unwrap();
        let root = home.join("out");
        fs::create_dir_all(root.join("generations/0001")).unwrap();
        fs::create_dir(home.join("queue")).unwrap();
        fs::write(root.join("generations/0001/tls_policy"), "").unwrap();
        symlink("generations/0001", root.join("current")).unwrap();
        symlink(root.join("current"), home.join("linked")).unwrap();
        symlink(&home, home.join("again")).unwrap();
        symlink(root.join("current/tls_policy"), home.join("table.cdb")).unwrap();
        symlink(root.join("not-there-yet"), home.join("dangling")).unwrap();
        let directory = Directory::new(&root, 2, "current");
        let shown = home.display();
        for (path, enters) in [
            ("HOME/out", true),
            ("HOME/out/current/tls_policy", true),
            ("HOME//out/./current/tls_policy", true),
            ("HOME/queue/../out/current/tls_policy", true),
            ("HOME/out/generations/0001/tls_policy", true),
            ("HOME/out/generations/0009/tls_policy", true),
            ("HOME/linked/tls_policy", true),
            ("HOME/again/again/out/current/x", true),
            ("HOME/table", true),
            ("HOME/dangling", true),
            ("../out/current/tls_policy", true),
            ("HOME/out2/current/tls_policy", false),
            ("HOME/queue/out", false),
            ("HOME/out/../x", false),
            ("out/current/tls_policy", false),
            ("/", false),
            ("", false),
        ] {
            let path = path.replace("HOME", &shown.to_string());
            let found = directory.entered_by(Path::new(&path), &home.join("queue"));
            assert_eq!(found.is_some(), enters, "{path} {found:?}");
        }
    }

    #[test]
    fn over_the_exchanged_link_end_behind_it() {
        let holder = starttls_testkit::world::directory().unwrap();
        let home = holder.path().canonicalize().unwrap();
        let root = home.join("out");
        fs::create_dir_all(root.join("generations/0001")).unwrap();
        symlink("generations/0001", root.join("current")).unwrap();
        symlink(root.join("current"), home.join("linked")).unwrap();
        symlink(root.join("generations/0001"), home.join("pinned")).unwrap();
        symlink(home.join("loop"), home.join("loop")).unwrap();
        let directory = Directory::new(&root, 2, "current");
        let end = |name: &str| directory.entered_by(&home.join(name), &home);
        assert_eq!(end("linked/tls_policy"), Some(root.join("current/tls_policy")));
        assert_eq!(end("pinned/tls_policy"), Some(root.join("generations/0001/tls_policy")));
        assert_eq!(end("loop/tls_policy"), None);
    }

    #[test]
    fn tell_what_they_name_below_the_directory_by_their_own_words() {
        let holder = starttls_testkit::world::directory().unwrap();
        let home = holder.path().canonicalize().unwrap();
        let root = home.join("out");
        fs::create_dir_all(root.join("current")).unwrap();
        symlink(root.join("current"), home.join("linked")).unwrap();
        symlink(&home, home.join("again")).unwrap();
        let directory = Directory::new(&root, 2, "current");
        let table = Some(PathBuf::from("current/tls_policy"));
        for (path, expected) in [
            ("HOME/out/current/tls_policy", table.clone()),
            ("HOME//again/./out//current/tls_policy", table.clone()),
            ("HOME/out/../out/current/tls_policy", table),
            ("HOME/linked/tls_policy", None),
            ("HOME/other/tls_policy", None),
        ] {
            let path = path.replace("HOME", &home.display().to_string());
            assert_eq!(directory.remainder(Path::new(&path)), expected, "{path}");
        }
    }
}
