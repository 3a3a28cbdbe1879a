//! Files with a document: its bare text until somebody signs it, a signed note from then on.

use std::path::{Path, PathBuf};

use starttls_host::ReadError;
use starttls_trust::note::MAX_NOTE_BYTES;
use starttls_trust::{Document, DocumentError, NoteError, SignedNote};

use crate::file::{self, FileError, shown};

/// A document and the signatures under it, of which nothing is verified yet.
#[derive(Debug, PartialEq)]
pub struct NoteFile {
    /// The text with its signatures.
    pub note: SignedNote,
    /// What the text says.
    pub document: Document,
}

/// Why a file holds no document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoteFileError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Signature lines that are none: cut off, or edited.
    #[error("{} was cut off or changed below its text; get a whole copy", shown(path))]
    Note {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: NoteError,
    },
    /// Something else stands there.
    #[error("{} is there already and says something else; choose another name, or move it away", shown(path))]
    Other {
        /// Which file.
        path: PathBuf,
    },
    /// A copy of another text.
    #[error("{} is no copy of the same document; nothing was joined", shown(path))]
    OtherText {
        /// Which file.
        path: PathBuf,
    },
    /// A text that is no document.
    #[error("{} holds no document that this version understands", shown(path))]
    Document {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: DocumentError,
    },
}

/// Where the signatures of a note begin: C2SP signed-note, "Format".
const SIGNATURES: &str = "\n\n\u{2014} ";

/// Reads a document, signed or not.
///
/// # Errors
/// [`NoteFileError`].
pub fn read(path: &Path) -> Result<NoteFile, NoteFileError> {
    let max_bytes = u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX);
    let text = file::read_text(path, max_bytes)?;
    let note = parse_note(&text).map_err(|source| NoteFileError::Note { path: path.into(), source })?;
    let document = Document::parse(note.text())
        .map_err(|source| NoteFileError::Document { path: path.into(), source })?;
    Ok(NoteFile { note, document })
}

/// Writes a document that nobody has signed yet.
///
/// # Errors
/// [`NoteFileError::Other`] when something else stands there.
pub fn write_new(path: &Path, document: &Document) -> Result<(), NoteFileError> {
    write_same(path, document.to_text().as_bytes())
}

/// Writes a file, unless it is there already; one that says something else is never replaced.
///
/// # Errors
/// [`NoteFileError::Other`].
pub fn write_same(path: &Path, bytes: &[u8]) -> Result<(), NoteFileError> {
    let max_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    match file::read_if_exists(path, max_bytes) {
        Ok(None) => Ok(file::replace(path, bytes)?),
        Ok(Some(there)) if there == bytes => Ok(()),
        Ok(Some(_)) | Err(FileError::Read(ReadError::TooLarge { .. })) => {
            Err(NoteFileError::Other { path: path.into() })
        }
        Err(error) => Err(error.into()),
    }
}

/// Adds the signatures of other copies.
///
/// # Errors
/// [`NoteFileError`].
pub fn joined(file: NoteFile, copies: &[PathBuf]) -> Result<SignedNote, NoteFileError> {
    copies.iter().try_fold(file.note, |note, path| {
        let copy = read(path)?.note;
        note.joined_with(&copy).map_err(|_| NoteFileError::OtherText { path: path.clone() })
    })
}

fn parse_note(text: &str) -> Result<SignedNote, NoteError> {
    if text.contains(SIGNATURES) {
        return SignedNote::parse(text.as_bytes());
    }
    // An unsigned text may have lost its last line end, or keep the empty line of a note.
    SignedNote::unsigned(&format!("{}\n", text.trim_end_matches('\n')))
}

#[cfg(test)]
mod note_files {
    use super::*;
    use starttls_trust::{Algorithm, Digest, SigningKey};

    fn text() -> String {
        let leaf = starttls_trust::document::Leaf {
            kind: starttls_trust::document::LeafKind::List,
            sha256: Digest::of(b""),
        };
        Document::from(leaf).to_text()
    }

    fn read_text(text: &str) -> Result<NoteFile, NoteFileError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    #[test]
    fn read_bare_texts_and_signed_ones_as_the_same() {
        let key = SigningKey::from_seed("a.example", Algorithm::Ed25519, &[1; 32]).unwrap();
        let bare = read_text(&text()).unwrap();
        assert_eq!(bare.note.text(), text());
        let signed = SignedNote::unsigned(&text()).unwrap().signed_by(&key).to_string();
        assert_eq!(read_text(&signed).unwrap().document, bare.document);
        assert_eq!(read_text(text().trim_end()).unwrap(), bare);
    }

    #[test]
    fn that_were_cut_off_anywhere_are_refused() {
        let key = SigningKey::from_seed("a.example", Algorithm::Ed25519, &[1; 32]).unwrap();
        let signed = SignedNote::unsigned(&text()).unwrap().signed_by(&key).to_string();
        let bare = text().len();
        for at in (0..signed.len()).filter(|at| signed.is_char_boundary(*at)) {
            let cut = signed.get(..at).unwrap_or_default();
            match read_text(cut) {
                Ok(read) => assert!(read.note.text() == text() && at + 1 >= bare && at <= bare + 1, "{at}"),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
}
