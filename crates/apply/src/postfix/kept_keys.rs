//! Which copied key files are still needed, and the removal of those that are not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use starttls_mta::postfix::TABLE;

use super::record::Record;
use super::roots::seen_from;
use super::{Table, Where, key_copies};
use crate::generations::Generations;

/// Removes recorded copies that neither the generation in force nor the one before it names.
///
/// What goes wrong leaves a copy too many, which harms nobody; the next activation tries again.
pub(super) fn prune(generations: &Generations, queue_directory: &Path, in_force: &BTreeSet<PathBuf>) {
    let root = generations.root();
    let Ok(Some(mut record)) = Record::read(root) else { return };
    let before = match generations.previous_directory() {
        Ok(Some(directory)) => match Table::read(&directory.join(TABLE)) {
            Ok(table) => table.key_files,
            Err(_) => return,
        },
        Ok(None) => BTreeSet::new(),
        Err(_) => return,
    };
    let needed: BTreeSet<PathBuf> = in_force
        .union(&before)
        .map(|key_file| seen_from(Where::Chrooted, queue_directory, key_file))
        .collect();
    let unneeded: Vec<PathBuf> = record.copies.difference(&needed).cloned().collect();
    if unneeded.is_empty() {
        return;
    }
    for copy in unneeded {
        if key_copies::remove(queue_directory, &copy).is_ok() {
            record.copies.remove(&copy);
        }
    }
    // As it was is as good: it names copies that are gone, whose removal succeeds again.
    let _ = record.write(root);
}
