//! The world of a test: the same for all who run it, wherever they do.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::process::Command;

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

/// What a program under test keeps of the environment: where temporary files go, and what tools for debugging say.
const KEPT: [&str; 4] = ["LLVM_PROFILE_FILE", "RUST_BACKTRACE", "RUST_LIB_BACKTRACE", "TMPDIR"];

/// A program under test, in an environment that holds the programs of the system and nothing else: no colours, no proxy, no
/// locale, no time zone of whoever runs the tests.
pub fn program(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    command.env_clear().env("PATH", "/usr/bin:/bin");
    command.envs(KEPT.into_iter().filter_map(|name| env::var_os(name).map(|value| (name, value))));
    command
}
