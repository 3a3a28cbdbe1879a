//! The cures of I/O errors that their texts do not tell.

use std::io;

/// The cure of an I/O error, to stand behind a message: empty, or `; ` and a clause.
pub fn cure(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; make room on its disk",
        io::ErrorKind::ReadOnlyFilesystem => "; its file system is mounted read-only",
        io::ErrorKind::PermissionDenied => "; run as the user it belongs to",
        _ => "",
    }
}
