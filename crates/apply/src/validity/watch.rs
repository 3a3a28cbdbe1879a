//! The sign of life of the withdrawal timer: when it looked last.

use std::path::Path;
use std::time::Duration;

use starttls_policy::Timestamp;

use super::{ValidityError, put, read_file};
use crate::generations::Generations;

const FILE: &str = "withdraw-seen";

/// A timer that has not looked for this long is dead: four of its turns.
pub const DEAD_AFTER: Duration = Duration::from_hours(1);

/// Notes that the timer looked.
///
/// # Errors
/// [`ValidityError`].
pub fn note_seen(generations: &Generations, now: Timestamp) -> Result<(), ValidityError> {
    put(&generations.root().join(FILE), format!("{now}\n").as_bytes(), 0o644)
}

/// When the timer looked last, without the lock; `None` when it never did, or its file says nothing.
///
/// # Errors
/// [`ValidityError`] when the file cannot be read.
pub fn last_seen(root: &Path) -> Result<Option<Timestamp>, ValidityError> {
    let bytes = read_file(&root.join(FILE))?.unwrap_or_default();
    Ok(std::str::from_utf8(&bytes).ok().and_then(|text| Timestamp::parse(text.trim()).ok()))
}
