//! The bytes that a program reads from a pipe.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// Our end of a program's input, and what is not written yet.
pub(super) struct Feed<'a> {
    /// `None` when all is written, or nobody reads any more.
    end: Option<OwnedFd>,
    bytes: &'a [u8],
}

impl<'a> Feed<'a> {
    pub(super) const fn nothing() -> Self {
        Self { end: None, bytes: &[] }
    }

    pub(super) fn new(end: OwnedFd, bytes: &'a [u8]) -> io::Result<Self> {
        fcntl_setfl(&end, fcntl_getfl(&end)? | OFlags::NONBLOCK)?;
        Ok(Self { end: Some(end), bytes })
    }

    /// Our end, as long as there is something to write.
    pub(super) fn end(&self) -> Option<&OwnedFd> {
        self.end.as_ref()
    }

    /// Tells whether all was written.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Writes as much as fits into the pipe, and closes it behind the last byte.
    pub(super) fn write_what_fits(&mut self) -> io::Result<()> {
        while let Some(end) = &self.end {
            if self.bytes.is_empty() {
                self.end = None;
                break;
            }
            match rustix::io::write(end, self.bytes) {
                Ok(length) => self.bytes = self.bytes.get(length..).unwrap_or_default(),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => break,
                // Nobody reads any more: the program may know enough, or be about to say by its exit code why it does not.
                Err(rustix::io::Errno::PIPE) => self.end = None,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
