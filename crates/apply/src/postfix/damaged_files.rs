//! Small files of an output directory that are not what we wrote, or are missing: each can be written anew.

use std::path::{Path, PathBuf};

use starttls_policy::with_causes;

use super::record::{Record, RecordError};
use crate::generations::{MARKER, is_marked};
use crate::validity::{ActivationState, Alert, ValidityError, read_expiries};

/// A small file that is damaged or missing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DamagedFile {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it, as a sentence.
    pub message: String,
    /// What the operator can do about it.
    pub cure: &'static str,
}

/// The files beside the record of the policy in force that are damaged, and the marker if it is missing.
///
/// Takes no lock. A file that this user may not read is left out.
pub fn damaged_files(root: &Path) -> Vec<DamagedFile> {
    const BY_UPDATE: &str = "run `starttls update`, or activate again, which writes it anew";
    let mut found = Vec::new();
    if root.is_dir() && !is_marked(root) {
        let path = root.join(MARKER);
        let message =
            format!("`{}`, which marks the directory as ours, is missing or damaged", path.display());
        let cure = "move files that are not ours out of the directory, then run `starttls update`, which writes it anew";
        found.push(DamagedFile { path, message, cure });
    }
    if let Err(RecordError::Damaged { path, line }) = Record::read(root) {
        let message = format!(
            "`{}`, the record of what activation changed in main.cf, is damaged in line {line}",
            path.display()
        );
        let cure = "the next policy that is put into force writes it anew; deactivation works without it";
        found.push(DamagedFile { path, message, cure });
    }
    let others = [ActivationState::read(root).err(), Alert::read(root).err(), read_expiries(root).err()];
    for error in others.into_iter().flatten() {
        let (ValidityError::Damaged { path, .. } | ValidityError::Expiries { path, .. }) = &error else {
            continue;
        };
        let cause = std::error::Error::source(&error).map_or_else(String::new, with_causes);
        let message = format!("`{}` of the activation record is damaged: {cause}", path.display());
        found.push(DamagedFile { path: path.clone(), message, cure: BY_UPDATE });
    }
    found
}
