//! The world of a test: the same for all who run it, wherever they do.

use std::io;

use rustix::fs::Mode;
use rustix::process::umask;
use tempfile::TempDir;

/// Makes a directory of the test's own. Files that the test and the programs it starts make from then on have the permissions that
/// they have on most systems: the umask of this process becomes 022.
///
/// # Errors
/// When the directory cannot be made.
pub fn directory() -> io::Result<TempDir> {
    umask(Mode::WGRP | Mode::WOTH);
    tempfile::tempdir()
}
