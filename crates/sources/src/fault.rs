//! Fault points: the places at which a run can be cut short. Outside tests they do nothing.

#[cfg(test)]
pub(crate) use starttls_testkit::fault::{Fault, arm, point, reached};

/// Marks a place between two steps on disk.
///
/// # Errors
/// Only in tests, when the fault was armed for this place.
#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "in tests it fails")]
#[inline]
pub(crate) fn point() -> std::io::Result<()> {
    Ok(())
}
