//! Entering an output directory: it must be safely ours, and no other run may hold it.

use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::{CURRENT, FOLDER, NEXT_LINK};

/// What this program puts into an output directory.
const OURS: [&str; 12] = [
    "activation",
    "alert.json",
    "alerted.json",
    CURRENT,
    FOLDER,
    "main.cf.after",
    "main.cf.before",
    NEXT_LINK,
    "state.json",
    "validity-seen.json",
    "withdraw-seen",
    MARKER,
];

/// Marks a directory as ours, and is its lock.
pub(crate) const MARKER: &str = ".starttls-output";
const MARKER_TEXT: &str = "starttls output 1\n\
    Everything in this directory is written and removed by starttls; do not keep your own files here.\n";

/// Begins the marker of every release.
const MARKER_BEGINNING: &[u8] = b"starttls output ";
/// Each of these says by itself that a directory was ours.
const SIGNS: [&str; 4] = ["activation", FOLDER, "state.json", "validity-seen.json"];

/// Whoever is not root cannot change the owner of what is root's.
fn other_owner_cure(owner: u32) -> &'static str {
    if owner == 0 { "run this as root" } else { "run this as that user, or change its owner" }
}

/// Why an output directory was not entered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another run holds the lock.
    #[error("another run of starttls is working in `{path}`; wait until it has ended")]
    Busy {
        /// The output directory.
        path: PathBuf,
    },
    /// The directory that should hold it is missing.
    #[error("`{path}` cannot be made since `{parent}` does not exist; make that first")]
    NoParent {
        /// The output directory.
        path: PathBuf,
        /// What is missing.
        parent: PathBuf,
    },
    /// The path is something else, perhaps a symbolic link.
    #[error("`{path}` is {kind}; give a real directory for our own files")]
    NotADirectory {
        /// The path.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// The directory holds other files and was not made by us.
    #[error(
        "`{path}` holds `{found}` and was not made by starttls, or has lost its `{MARKER}`; give a new or an empty directory, \
         or move `{found}` away"
    )]
    NotOurs {
        /// The directory.
        path: PathBuf,
        /// One of the files.
        found: String,
    },
    /// A later release wrote it, or somebody changed the marker.
    #[error(
        "`{path}` was not written by this release of starttls; give another directory, or run the release that wrote it; if it \
         is damaged, move the files beside it that are not ours away"
    )]
    UnknownMarker {
        /// The marker.
        path: PathBuf,
    },
    /// The directory belongs to another user.
    #[error("`{path}` belongs to user {owner}, we run as {us}; {}", other_owner_cure(*owner))]
    OtherOwner {
        /// The directory.
        path: PathBuf,
        /// Its owner's number.
        owner: u32,
        /// Our number.
        us: u32,
    },
    /// Others can put files there.
    #[error(
        "`{path}` can be written by other users (mode {mode:04o}); name a directory that belongs to us alone"
    )]
    WritableByOthers {
        /// The directory, or one above it.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The system refused.
    #[error("cannot use `{path}` for output")]
    Io {
        /// The output directory.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
}

/// Makes or checks the directory and takes its lock; the lock lives as long as the returned file.
pub(super) fn enter(path: &Path) -> Result<(PathBuf, File), OpenError> {
    let root = absolute(path)?;
    let failed = |source| OpenError::Io { path: root.clone(), source };
    check_above(&root)?;
    match fs::symlink_metadata(&root) {
        Ok(metadata) => check_itself(&root, &metadata)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&root).map_err(failed)?,
        Err(error) => return Err(failed(error)),
    }
    let marker = mark(&root)?;
    Ok((root, marker))
}

/// The path with everything above its last part resolved, so that later changes of links cannot move it.
fn absolute(path: &Path) -> Result<PathBuf, OpenError> {
    let failed = |source| OpenError::Io { path: path.to_owned(), source };
    let given = std::path::absolute(path).map_err(failed)?;
    let (Some(parent), Some(name)) = (given.parent(), given.file_name()) else {
        return Err(OpenError::NotADirectory { path: given, kind: "no place for our own files" });
    };
    match parent.canonicalize() {
        Ok(parent) => Ok(parent.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(OpenError::NoParent { path: given.clone(), parent: parent.to_owned() })
        }
        Err(error) => Err(failed(error)),
    }
}

/// A directory above that anybody may write lets anybody put another directory in our place, unless it is sticky.
fn check_above(root: &Path) -> Result<(), OpenError> {
    for above in root.ancestors().skip(1) {
        let metadata =
            fs::metadata(above).map_err(|source| OpenError::Io { path: above.to_owned(), source })?;
        let mode = metadata.mode() & 0o7777;
        if mode & 0o002 != 0 && mode & 0o1000 == 0 {
            return Err(OpenError::WritableByOthers { path: above.to_owned(), mode });
        }
    }
    Ok(())
}

fn check_itself(root: &Path, metadata: &Metadata) -> Result<(), OpenError> {
    let path = root.to_owned();
    if metadata.is_symlink() {
        return Err(OpenError::NotADirectory { path, kind: "a symbolic link" });
    }
    if !metadata.is_dir() {
        return Err(OpenError::NotADirectory { path, kind: "no directory" });
    }
    let us = rustix::process::geteuid().as_raw();
    if metadata.uid() != us {
        return Err(OpenError::OtherOwner { path, owner: metadata.uid(), us });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(OpenError::WritableByOthers { path, mode });
    }
    Ok(())
}

fn make(root: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o755).create(root)?;
    // The mail server must be able to look in whatever our umask is.
    fs::set_permissions(root, Permissions::from_mode(0o755))
}

fn mark(root: &Path) -> Result<File, OpenError> {
    let path = root.join(MARKER);
    let failed = |source| OpenError::Io { path: root.to_owned(), source };
    if !path.exists()
        && let Some(found) = foreign_entry(root).map_err(failed)?
    {
        return Err(OpenError::NotOurs { path: root.to_owned(), found });
    }
    let mut options = File::options();
    options.read(true).mode(0o644).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    let mut marker = match options.clone().append(true).create(true).open(&path) {
        // A lock needs no right to write, and whoever writes next says what is wrong.
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => options.open(&path),
        opened => opened,
    }
    .map_err(failed)?;
    match flock(&marker, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(OpenError::Busy { path: root.to_owned() }),
        Err(error) => return Err(failed(error.into())),
    }
    match read_marker(&mut marker).map_err(failed)? {
        Marker::Begun(missing) => marker.write_all(missing.as_bytes()).map_err(failed)?,
        Marker::Damaged if is_ours_without_marker(&entries(root).map_err(failed)?) => {
            marker.set_len(0).and_then(|()| marker.write_all(MARKER_TEXT.as_bytes())).map_err(failed)?;
        }
        Marker::Damaged | Marker::Unknown => return Err(OpenError::UnknownMarker { path }),
    }
    Ok(marker)
}

/// The text of a marker.
enum Marker {
    /// Its beginning, since a run may have died while writing it, and what that lacks.
    Begun(&'static str),
    /// That of another release.
    Unknown,
    /// No release writes that.
    Damaged,
}

fn read_marker(marker: &mut File) -> io::Result<Marker> {
    let mut text = Vec::new();
    marker.take(MARKER_TEXT.len() as u64 + 1).read_to_end(&mut text)?;
    let missing = std::str::from_utf8(&text).ok().and_then(|text| MARKER_TEXT.strip_prefix(text));
    Ok(match missing {
        Some(missing) => Marker::Begun(missing),
        None if text.starts_with(MARKER_BEGINNING) => Marker::Unknown,
        None => Marker::Damaged,
    })
}

/// Tells whether a directory has its marker, or the beginning of it; true, too, where it cannot be read.
pub(crate) fn is_marked(root: &Path) -> bool {
    match File::open(root.join(MARKER)).and_then(|mut marker| read_marker(&mut marker)) {
        Ok(marker) => matches!(marker, Marker::Begun(_)),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// A file that keeps a directory without a marker from being ours.
///
/// Where only files of ours lie beside a generation or a record, the marker was lost and is written again.
fn foreign_entry(root: &Path) -> io::Result<Option<String>> {
    let names = entries(root)?;
    if is_ours_without_marker(&names) {
        return Ok(None);
    }
    let foreign = names.iter().find(|name| !is_ours(*name)).or(names.first());
    Ok(foreign.cloned())
}

/// The names in a directory save the marker, which another first run may just have put there.
fn entries(root: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(root)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names: io::Result<Vec<String>> = names.collect();
    Ok(names?.into_iter().filter(|name| name != MARKER).collect())
}

fn is_ours_without_marker(names: &[String]) -> bool {
    names.iter().any(|name| SIGNS.contains(&name.as_str())) && names.iter().all(is_ours)
}

fn is_ours(name: &impl AsRef<str>) -> bool {
    OURS.contains(&name.as_ref().trim_end_matches(starttls_host::ASIDE_SUFFIX))
}
