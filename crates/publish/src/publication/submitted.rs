//! What somebody hands in for publication, from files.

use std::path::PathBuf;

use starttls_policy::List;
use starttls_trust::Document;

use super::{NewList, Submission};
use crate::file::shown;
use crate::note_file::{self, NoteFile, NoteFileError};
use crate::root::{self, RootFilesError};

/// Why the files make no submission.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmissionError {
    /// One of them holds no document.
    #[error(transparent)]
    File(#[from] NoteFileError),
    /// One of the roots is none.
    #[error(transparent)]
    Root(#[from] RootFilesError),
    /// One of them holds another document.
    #[error("{} holds a document of type `{type_name}`; want {want}", shown(path))]
    OtherType {
        /// Which file.
        path: PathBuf,
        /// The type that it has.
        type_name: &'static str,
        /// What was asked for.
        want: &'static str,
    },
}

impl Submission {
    /// Adds roots.
    ///
    /// # Errors
    /// [`SubmissionError`].
    pub fn with_roots(self, paths: &[PathBuf]) -> Result<Self, SubmissionError> {
        Ok(Self { roots: root::read_all(paths)?, ..self })
    }

    /// Adds a list; `paths` are the copies of its statement, of which at least one must be there.
    ///
    /// # Errors
    /// [`SubmissionError`].
    pub fn with_list(self, list: List, bytes: Vec<u8>, paths: &[PathBuf]) -> Result<Self, SubmissionError> {
        let Some((first, copies)) = paths.split_first() else { return Ok(self) };
        let file = note_file::read(first)?;
        let type_name = file.document.type_name();
        let Document::List(statement) = file.document.clone() else {
            return Err(SubmissionError::OtherType {
                path: first.clone(),
                type_name,
                want: "a list's statement",
            });
        };
        let note = note_file::joined(file, copies)?;
        Ok(Self { list: Some(NewList { list, bytes, note, statement }), ..self })
    }

    /// Adds orders to relax and what takes them back.
    ///
    /// # Errors
    /// [`SubmissionError`].
    pub fn with_relax(mut self, paths: &[PathBuf]) -> Result<Self, SubmissionError> {
        for path in paths {
            let NoteFile { note, document } = note_file::read(path)?;
            match document {
                Document::Relax(order) => self.orders.push((note, order)),
                Document::RelaxCancel(cancel) => self.cancels.push((note, cancel)),
                other => {
                    return Err(SubmissionError::OtherType {
                        path: path.clone(),
                        type_name: other.type_name(),
                        want: "an order to relax, or what takes one back",
                    });
                }
            }
        }
        Ok(self)
    }
}
