//! The second copy of the record, outside the generation that it describes: it tells when the policy expires where the
//! record itself is lost.

use std::path::Path;

use super::{Validity, ValidityError, read_json, write_json};
use crate::generations::Generations;

const FILE: &str = "validity-seen.json";

impl Validity {
    /// Reads the second copy; `None` when there is none.
    ///
    /// # Errors
    /// [`ValidityError`].
    pub fn copy(root: &Path) -> Result<Option<Self>, ValidityError> {
        read_json(&root.join(FILE))
    }

    /// Writes the second copy, unless it says so already.
    ///
    /// # Errors
    /// [`ValidityError`].
    pub fn write_copy(&self, generations: &Generations) -> Result<(), ValidityError> {
        let root = generations.root();
        if Self::copy(root).ok().flatten().as_ref() == Some(self) {
            return Ok(());
        }
        write_json(&root.join(FILE), self, 0o644)
    }
}

impl Generations {
    /// Makes the second copy say what the record of the generation in force says; without a record there is no copy.
    ///
    /// A damaged record leaves the copy as it is.
    ///
    /// # Errors
    /// [`ValidityError`] when the copy cannot be written.
    pub fn copy_record(&self) -> Result<(), ValidityError> {
        match Validity::read(self.root()) {
            Ok(Some(validity)) => validity.write_copy(self),
            Ok(None) => self.remove_record_copy(),
            Err(_) => Ok(()),
        }
    }

    /// Removes the second copy: nothing that it could be about is left.
    ///
    /// # Errors
    /// [`ValidityError`].
    pub fn remove_record_copy(&self) -> Result<(), ValidityError> {
        let path = self.root().join(FILE);
        starttls_host::remove(&path).map_err(|source| ValidityError::Io { path, source })
    }
}
