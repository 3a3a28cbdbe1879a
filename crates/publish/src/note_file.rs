//! Files with a document: its bare text until somebody signs it, a signed note from then on.

use std::path::{Path, PathBuf};

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
