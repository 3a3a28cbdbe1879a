//! Copies of key files where a chrooted smtp(8) looks for them: under the queue directory, by the same absolute path.
//!
//! Key files are named after what they hold, so a copy never changes its meaning; it is needed as long as a kept
//! generation names it.
//!
//! Spec: postconf(5) `smtp_tls_policy_maps` (`tafile`), `queue_directory`.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Component, Path, PathBuf};

use starttls_host::fault;

/// A key file of ours is a few keys.
const MAX_KEY_FILE_BYTES: u64 = 1024 * 1024;

/// A key file and where it must be seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct KeyCopy {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
}

/// Why a copy was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyCopyError {
    /// The way there could be changed by others.
    #[error(
        "`{path}` on the way to the copied key files is {what}; remove it, or give another output directory"
    )]
    Unsafe {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The system refused.
    #[error("cannot copy the key file `{from}` to `{to}`")]
    Io {
        /// The key file.
        from: PathBuf,
        /// The copy.
        to: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
}

impl KeyCopy {
    /// Makes the copy unless it is there.
    pub(super) fn install(&self, queue_directory: &Path) -> Result<(), KeyCopyError> {
        let failed = |source| KeyCopyError::Io { from: self.from.clone(), to: self.to.clone(), source };
        let bytes = read(&self.from).map_err(failed)?;
        let parent = self.to.parent().unwrap_or(queue_directory);
        make_way(queue_directory, parent).map_err(|error| match error {
            WayError::Unsafe { path, what } => KeyCopyError::Unsafe { path, what },
            WayError::Io(source) => failed(source),
        })?;
        if fs::symlink_metadata(&self.to).is_ok_and(|there| there.is_file())
            && read(&self.to).is_ok_and(|there| there == bytes)
        {
            return Ok(());
        }
        starttls_host::replace(&self.to, &bytes, 0o644).map_err(failed)
    }
}

/// Removes a copy, and the directories above it that are empty then.
pub(super) fn remove(queue_directory: &Path, copy: &Path) -> io::Result<()> {
    fault::point()?;
    starttls_host::remove(copy)?;
    for above in copy.ancestors().skip(1).take_while(|above| *above != queue_directory) {
        if !above.starts_with(queue_directory) || fs::remove_dir(above).is_err() {
            break;
        }
    }
    Ok(())
}

enum WayError {
    Unsafe { path: PathBuf, what: &'static str },
    Io(io::Error),
}

/// Makes the directories below `queue_directory` one by one; none may be a link, or be open to others.
fn make_way(queue_directory: &Path, to: &Path) -> Result<(), WayError> {
    let below =
        to.strip_prefix(queue_directory).map_err(|_| WayError::Io(io::ErrorKind::InvalidInput.into()))?;
    let mut path = queue_directory.to_owned();
    for part in below.components() {
        let Component::Normal(part) = part else {
            return Err(WayError::Io(io::ErrorKind::InvalidInput.into()));
        };
        path.push(part);
        match DirBuilder::new().mode(0o755).create(&path) {
            Ok(()) => fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
                .map_err(WayError::Io)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check(&path)?,
            Err(error) => return Err(WayError::Io(error)),
        }
    }
    Ok(())
}

fn check(path: &Path) -> Result<(), WayError> {
    let metadata = fs::symlink_metadata(path).map_err(WayError::Io)?;
    let us = rustix::process::geteuid().as_raw();
    let what = if !metadata.is_dir() {
        "no directory"
    } else if metadata.uid() != us && metadata.uid() != 0 {
        "another user's"
    } else if metadata.mode() & 0o022 != 0 {
        "writable by others"
    } else {
        return Ok(());
    };
    Err(WayError::Unsafe { path: path.to_owned(), what })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(fs::File::open(path)?, MAX_KEY_FILE_BYTES), &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod copies {
    use std::os::unix::fs::symlink;

    use super::*;

    fn prepared() -> (tempfile::TempDir, PathBuf, KeyCopy) {
        let holder = starttls_testkit::world::directory().unwrap();
        let queue = holder.path().join("queue");
        fs::create_dir(&queue).unwrap();
        let from = holder.path().join("a.pem");
        fs::write(&from, "key").unwrap();
        let to = queue.join("etc/out/current/anchors/a.pem");
        (holder, queue, KeyCopy { from, to })
    }

    #[test]
    fn come_and_go_with_their_directories() {
        let (_holder, queue, copy) = prepared();
        copy.install(&queue).unwrap();
        copy.install(&queue).unwrap();
        assert_eq!(fs::read_to_string(&copy.to).unwrap(), "key");
        fs::write(queue.join("etc/resolv.conf"), "theirs").unwrap();
        remove(&queue, &copy.to).unwrap();
        remove(&queue, &copy.to).unwrap();
        assert!(!queue.join("etc/out").exists());
        assert!(queue.join("etc/resolv.conf").exists());
    }

    #[test]
    fn never_go_through_a_link_or_a_directory_of_others() {
        let (holder, queue, copy) = prepared();
        symlink(holder.path(), queue.join("etc")).unwrap();
        assert!(matches!(copy.install(&queue), Err(KeyCopyError::Unsafe { what: "no directory", .. })));
        fs::remove_file(queue.join("etc")).unwrap();
        fs::create_dir(queue.join("etc")).unwrap();
        fs::set_permissions(queue.join("etc"), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        assert!(matches!(copy.install(&queue), Err(KeyCopyError::Unsafe { what: "writable by others", .. })));
        let outside = KeyCopy { to: holder.path().join("elsewhere/a.pem"), ..copy };
        assert!(outside.install(&queue).is_err());
    }
}
