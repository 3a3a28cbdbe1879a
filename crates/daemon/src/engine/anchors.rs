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

/// The directory of key files, and which of them are there.
#[derive(Debug)]
pub struct Anchors {
    directory: PathBuf,
    there: Mutex<HashSet<String>>,
}

impl Anchors {
    /// Files below `directory`.
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), there: Mutex::default() }
    }

    /// Sees to it that a file is there, whole.
    ///
    /// # Errors
    /// What the system answers; the answer must not go out then.
    pub(crate) fn provide(&self, file: &AnchorFile) -> io::Result<()> {
        if self.there.lock().unwrap_or_else(PoisonError::into_inner).contains(&file.name) {
            return Ok(());
        }
        let path = self.directory.join(&file.name);
        let is_there = std::fs::read(&path).is_ok_and(|text| text == file.text.as_bytes());
        if !is_there {
            let parent = path.parent().unwrap_or(&self.directory);
            std::fs::create_dir_all(parent)?;
            let mut new = tempfile::NamedTempFile::new_in(parent)?;
            new.write_all(file.text.as_bytes())?;
            new.as_file().set_permissions(Permissions::from_mode(MODE))?;
            new.as_file().sync_all()?;
            new.persist(&path)?;
        }
        self.there.lock().unwrap_or_else(PoisonError::into_inner).insert(file.name.clone());
        Ok(())
    }
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
        Anchors::new(directory.path()).provide(&file("key")).unwrap();
        let path = directory.path().join("anchors/a.pem");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "key");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, MODE);
    }

    #[test]
    fn that_were_torn_are_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("anchors/a.pem");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "ke").unwrap();
        Anchors::new(directory.path()).provide(&file("key")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "key");
    }

    #[test]
    fn that_cannot_be_written_are_an_error() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("anchors"), "no directory").unwrap();
        assert!(Anchors::new(directory.path()).provide(&file("key")).is_err());
    }
}
