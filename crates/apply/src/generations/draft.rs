//! A generation that is being written.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use starttls_mta::Output;

use starttls_host::fault;

use super::{DRAFT, FOLDER, FileNameError, Generations, PREVIOUS, Ready, file_name, ready};

/// Files held open at a time; a policy may bring thousands of key files, one after the other.
const MAX_OPEN_FILES: usize = 16;
/// Bytes gathered before they go to disk.
const BUFFER_BYTES: usize = 128 * 1024;

/// A generation that is being written; vanishes when dropped.
#[derive(Debug)]
pub struct Draft<'a> {
    folder: Folder<'a>,
    /// Every file begun; the writer while it is held open.
    files: BTreeMap<String, Option<BufWriter<File>>>,
    pub(super) open: usize,
    failure: Option<DraftError>,
}

/// Why a generation could not be written; nothing of it is in force.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DraftError {
    /// There is one already.
    #[error("a draft in `{path}` is already being written")]
    AlreadyBegun {
        /// The output directory.
        path: PathBuf,
    },
    /// The text was for a file that cannot be ours.
    #[error(transparent)]
    Name(#[from] FileNameError),
    /// The disk, for example, is full.
    #[error("cannot write `{file}` in `{path}`; what was in force still is")]
    Write {
        /// The output directory.
        path: PathBuf,
        /// The file or directory in it.
        file: String,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
}

/// The draft's directory; removed when dropped, unless it became a generation.
#[derive(Debug)]
pub(super) struct Folder<'a> {
    pub(super) generations: &'a Generations,
    pub(super) path: PathBuf,
    pub(super) kept: bool,
}

impl Drop for Folder<'_> {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is removed by the next run.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

impl<'a> Draft<'a> {
    pub(super) fn begin(generations: &'a Generations) -> Result<Self, DraftError> {
        let root = generations.root();
        let failed = |source| write_error(root, &format!("{FOLDER}/{DRAFT}"), source);
        let path = generations.folder().join(DRAFT);
        make_directory(&generations.folder()).map_err(|source| write_error(root, FOLDER, source))?;
        match DirBuilder::new().mode(0o755).create(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(DraftError::AlreadyBegun { path: root.to_owned() });
            }
            Err(error) => return Err(failed(error)),
        }
        let folder = Folder { generations, path, kept: false };
        fault::point().map_err(failed)?;
        if let Some(current) = generations.known_current().map_err(failed)? {
            let text = format!("{current:04}\n");
            starttls_host::replace(&folder.path.join(PREVIOUS), text.as_bytes(), 0o644).map_err(failed)?;
        }
        Ok(Self { folder, files: BTreeMap::new(), open: 0, failure: None })
    }

    /// Where the files stand while they are written.
    pub fn directory(&self) -> &Path {
        &self.folder.path
    }

    /// Whether a file of this name has been begun.
    pub fn holds(&self, file: &str) -> bool {
        self.files.contains_key(file)
    }

    /// Ends the writing and has every file checked: `check` gets each file's name and path, in order of names, and
    /// may leave further files beside it (a built table). Then all is flushed to disk.
    ///
    /// # Errors
    /// [`ready::CheckError`]; the draft is gone then and what was in force still is.
    pub fn check(
        mut self,
        check: &mut dyn FnMut(&str, &Path) -> Result<(), ready::Rejected>,
    ) -> Result<Ready<'a>, ready::CheckError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure.into());
        }
        self.close_all()?;
        let names = self.files.into_keys().collect();
        Ready::prepare(self.folder, names, check)
    }

    fn close_all(&mut self) -> Result<(), DraftError> {
        let root = self.folder.generations.root();
        for (name, writer) in &mut self.files {
            close(writer).map_err(|source| write_error(root, name, source))?;
        }
        self.open = 0;
        Ok(())
    }

    fn try_append(&mut self, file: &str, text: &str) -> Result<(), DraftError> {
        if !matches!(self.files.get(file), Some(Some(_))) {
            self.open_file(file)?;
        }
        let written = match self.files.get_mut(file) {
            Some(Some(writer)) => writer.write_all(text.as_bytes()),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        written.map_err(|source| write_error(self.folder.generations.root(), file, source))
    }

    fn open_file(&mut self, file: &str) -> Result<(), DraftError> {
        if self.open >= MAX_OPEN_FILES {
            self.close_all()?;
        }
        let known = self.files.contains_key(file);
        if !known {
            file_name::check(file)?;
        }
        let path = self.folder.path.join(file);
        let opened = open(&path, known);
        let opened = opened.map_err(|source| write_error(self.folder.generations.root(), file, source))?;
        self.files.insert(file.to_owned(), Some(BufWriter::with_capacity(BUFFER_BYTES, opened)));
        self.open += 1;
        Ok(())
    }
}

impl Output for Draft<'_> {
    fn append(&mut self, file: &str, text: &str) -> fmt::Result {
        if self.failure.is_some() {
            return Err(fmt::Error);
        }
        self.try_append(file, text).map_err(|failure| {
            self.failure = Some(failure);
            fmt::Error
        })
    }
}

/// Makes one of our directories if it is not there; readable for the mail server whatever our umask is.
fn make_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o755).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other?,
    }
    fs::set_permissions(path, Permissions::from_mode(0o755))
}

fn open(path: &Path, known: bool) -> io::Result<File> {
    fault::point()?;
    if known {
        return File::options().append(true).open(path);
    }
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
    }
    File::options().append(true).create_new(true).mode(0o644).open(path)
}

fn close(writer: &mut Option<BufWriter<File>>) -> io::Result<()> {
    let Some(mut open) = writer.take() else { return Ok(()) };
    fault::point()?;
    open.flush()
}

fn write_error(root: &Path, file: &str, source: io::Error) -> DraftError {
    DraftError::Write { path: root.to_owned(), file: file.to_owned(), source }
}
