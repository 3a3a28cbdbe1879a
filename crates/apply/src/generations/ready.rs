//! A generation that is written and checked, and not yet in force.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::draft::{DraftError, Folder};
use starttls_host::fault;

/// A generation that is complete, checked and on disk; vanishes when dropped unless published.
#[derive(Debug)]
pub struct Ready<'a> {
    folder: Folder<'a>,
    files: Vec<String>,
}

/// What a check has against a file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{file}`{}: {reason}", place(*line))]
pub struct Rejected {
    /// The file's name in the generation.
    pub file: String,
    /// The line, from 1, where one is to blame.
    pub line: Option<u64>,
    /// What is wrong with it.
    pub reason: String,
}

/// Why a draft did not become a generation; what was in force still is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// It could not be written.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// A check refused a file.
    #[error("the new files were not put in force, what was in force still is: {0}")]
    Rejected(#[from] Rejected),
    /// It could not be flushed to disk.
    #[error("cannot flush `{path}` to disk; what was in force still is")]
    Flush {
        /// The file or directory.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
}

/// The swap did not happen; what was in force still is.
#[derive(Debug, thiserror::Error)]
#[error("cannot put the new generation in force in `{path}`; what was in force still is")]
pub struct PublishError {
    /// The output directory.
    pub path: PathBuf,
    /// What the system answered.
    #[source]
    pub source: io::Error,
}

/// What [`Ready::publish`] did.
#[derive(Debug)]
pub struct Published {
    /// The generation now in force.
    pub number: u32,
    /// The one it replaced, kept for [`super::Generations::roll_back`].
    pub previous: Option<u32>,
    /// Why what is no longer needed could not be removed, or the swap not be flushed to disk; the next run tries
    /// again.
    pub untidy: Option<io::Error>,
}

impl<'a> Ready<'a> {
    pub(super) fn prepare(
        folder: Folder<'a>,
        files: Vec<String>,
        check: &mut dyn FnMut(&str, &Path) -> Result<(), Rejected>,
    ) -> Result<Self, CheckError> {
        for name in &files {
            check(name, &folder.path.join(name))?;
        }
        settle(&folder.path)?;
        Ok(Self { folder, files })
    }

    /// Where the files stand before they are in force.
    pub fn directory(&self) -> &Path {
        &self.folder.path
    }

    /// The names of the files that were written, in order; without what checks built beside them.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Puts the generation in force and removes those no longer kept.
    ///
    /// # Errors
    /// [`PublishError`]: it is gone and what was in force still is.
    pub fn publish(mut self) -> Result<Published, PublishError> {
        let generations = self.folder.generations;
        let path = generations.root().to_owned();
        let swapped = (|| {
            let previous = generations.known_current()?;
            let number = generations.next_number()?;
            let place = generations.generation(number);
            fault::point()?;
            fs::rename(&self.folder.path, &place)?;
            self.folder.path.clone_from(&place);
            starttls_host::sync_parent(&place)?;
            generations.point_current_at(number)?;
            Ok((number, previous))
        })();
        let (number, previous) = swapped.map_err(|source| PublishError { path, source })?;
        self.folder.kept = true;
        let tidied =
            starttls_host::sync_parent(&generations.current_directory()).and_then(|()| generations.prune());
        Ok(Published { number, previous, untidy: tidied.err() })
    }
}

/// Gives every file and directory below its mode and flushes it, innermost first.
fn settle(path: &Path) -> Result<(), CheckError> {
    let failed = |source| CheckError::Flush { path: path.to_owned(), source };
    let directory = fs::symlink_metadata(path).map_err(failed)?.is_dir();
    if directory {
        for entry in fs::read_dir(path).map_err(failed)? {
            settle(&entry.map_err(failed)?.path())?;
        }
    }
    let mode = if directory { 0o755 } else { 0o644 };
    (|| {
        fault::point()?;
        let file = File::open(path)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()
    })()
    .map_err(failed)
}

fn place(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(" line {line}"))
}
