//! A pseudo-terminal for a tool that speaks only to people.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// The two ends: ours to read from, and the tool's.
pub(super) fn open() -> io::Result<(OwnedFd, OwnedFd)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let no_controlling_terminal = OFlags::NOCTTY.bits().cast_signed();
    let theirs = File::options()
        .read(true)
        .write(true)
        .custom_flags(no_controlling_terminal)
        .open(OsStr::from_bytes(name.as_bytes()))?;
    Ok((ours, theirs.into()))
}
