//! Small files of the program's own beside the record, such as who was alerted of what.

use std::path::Path;

use super::{ValidityError, put, read_file};
use crate::generations::Generations;

/// Reads a note, without the lock; `None` when there is none.
///
/// # Errors
/// [`ValidityError`].
pub fn read_note(root: &Path, name: &str) -> Result<Option<Vec<u8>>, ValidityError> {
    read_file(&root.join(name))
}

/// Writes a note in place of the one before.
///
/// # Errors
/// [`ValidityError`].
pub fn write_note(generations: &Generations, name: &str, bytes: &[u8]) -> Result<(), ValidityError> {
    put(&generations.root().join(name), bytes, 0o644)
}
