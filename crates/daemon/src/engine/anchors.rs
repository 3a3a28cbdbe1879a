//! Key files that answers name: written before the first answer that names one, never changed, since their name is their hash.

use std::collections::HashSet;
use std::fs::Permissions;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use starttls_mta::postfix::socketmap::AnchorFile;

/// smtp(8) reads them as another user than ours.
const MODE: u32 = 0o644;

/// The directories of key files, and which of them are there.
#[derive(Debug)]
pub struct Anchors {
    directories: Vec<PathBuf>,
    there: Mutex<HashSet<String>>,
}

impl Anchors {
    /// Files below each of these: where smtp(8) is chrooted, its own view and the system's.
    pub fn new(directories: Vec<PathBuf>) -> Self {
        Self { directories, there: Mutex::default() }
    }

    /// Sees to it that a file is there, whole.
    ///
    /// # Errors
    /// What the system answers; the answer must not go out then.
    pub(crate) fn provide(&self, file: &AnchorFile) -> io::Result<()> {
        if self.there.lock().unwrap_or_else(PoisonError::into_inner).contains(&file.name) {
            return Ok(());
        }
        self.directories.iter().try_for_each(|directory| write(directory, file))?;
        self.there.lock().unwrap_or_else(PoisonError::into_inner).insert(file.name.clone());
        Ok(())
    }
}

fn write(directory: &Path, file: &AnchorFile) -> io::Result<()> {
    let path = directory.join(&file.name);
    if std::fs::read(&path).is_ok_and(|text| text == file.text.as_bytes()) {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(directory);
    std::fs::create_dir_all(parent)?;
    let mut new = tempfile::NamedTempFile::new_in(parent)?;
    new.write_all(file.text.as_bytes())?;
    new.as_file().set_permissions(Permissions::from_mode(MODE))?;
    new.as_file().sync_all()?;
    new.persist(&path)?;
    Ok(())
}

#[cfg(test)]
mod key_files {
    use super::*;

    fn file(text: &str) -> AnchorFile {
        AnchorFile { name: "anchors/a.pem".into(), text: text.into() }
    }

    #[test]
    fn are_there_before_they_are_named_and_can_be_read_by_others() {
        let directory = tempfile::tempdir().unwrap();
        Anchors::new(vec![directory.path().to_owned()]).provide(&file("key")).unwrap();
        let path = directory.path().join("anchors/a.pem");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "key");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, MODE);
    }

    #[test]
    fn are_there_for_a_chroot_too() {
        let (outside, chroot) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let directories = vec![outside.path().to_owned(), chroot.path().to_owned()];
        Anchors::new(directories).provide(&file("key")).unwrap();
        for directory in [outside, chroot] {
            assert!(directory.path().join("anchors/a.pem").is_file());
        }
    }

    #[test]
    fn that_were_torn_are_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("anchors/a.pem");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "ke").unwrap();
        Anchors::new(vec![directory.path().to_owned()]).provide(&file("key")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "key");
    }

    #[test]
    fn that_cannot_be_written_are_an_error() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("anchors"), "no directory").unwrap();
        assert!(Anchors::new(vec![directory.path().to_owned()]).provide(&file("key")).is_err());
    }
}
