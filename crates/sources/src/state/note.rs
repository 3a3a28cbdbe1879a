//! Small files of the program's own beside the sources: what is in force, who was told what.

use super::{Lock, StateDir, StateError};

impl StateDir {
    /// Reads a small file that stands directly in the state directory; `None` when there is none.
    ///
    /// # Errors
    /// [`StateError`] when it cannot be read, is a link, or is larger than `max_bytes`.
    pub fn read_note(&self, name: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.directory.read(name, max_bytes)?)
    }
}

impl Lock {
    /// Puts such a file in place of the one before, whole.
    ///
    /// # Errors
    /// [`StateError`]; the one before is still there then.
    pub fn write_note(&self, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        Ok(self.state().directory.replace(name, bytes)?)
    }
}
