//! Root notes from files, in the order of their versions.

use std::path::PathBuf;

use starttls_trust::document::Root;
use starttls_trust::{Document, SignedNote};

use crate::file::shown;
use crate::note_file::{self, NoteFile, NoteFileError};

/// A root and who signed it, as far as anybody looked.
#[derive(Debug)]
pub struct RootNote {
    /// The text with its signatures.
    pub note: SignedNote,
    /// What it says.
    pub root: Root,
}

/// Why files hold no roots.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootFilesError {
    /// One of them holds no document.
    #[error(transparent)]
    File(#[from] NoteFileError),
    /// One of them holds another document.
    #[error("{} holds a document of type `{type_name}`, no root", shown(path))]
    NoRoot {
        /// Which file.
        path: PathBuf,
        /// The type that it has.
        type_name: &'static str,
    },
    /// Two of them hold different roots of one version.
    #[error("two different roots of version {version} were given; find out which is the right one")]
    TwoOfOneVersion {
        /// The version.
        version: u64,
    },
}

/// Reads roots, and sorts them by version; signed copies of one root are joined.
///
/// # Errors
/// [`RootFilesError`].
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<RootNote>, RootFilesError> {
    let mut roots: Vec<RootNote> = Vec::new();
    for path in paths {
        let NoteFile { note, document } = note_file::read(path)?;
        let type_name = document.type_name();
        let Document::Root(root) = document else {
            return Err(RootFilesError::NoRoot { path: path.clone(), type_name });
        };
        let version = root.version;
        let Some(at) = roots.iter().position(|one| one.root.version == version) else {
            roots.push(RootNote { note, root });
            continue;
        };
        let before = roots.swap_remove(at);
        let joined = before.note.joined_with(&note);
        let note = joined.map_err(|_| RootFilesError::TwoOfOneVersion { version })?;
        roots.push(RootNote { note, root });
    }
    roots.sort_by_key(|one| one.root.version);
    Ok(roots)
}
