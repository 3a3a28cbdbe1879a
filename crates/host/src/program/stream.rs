//! What we read of one of a program's outputs.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::Stopped;

/// Read at a time.
const READ_BYTES: usize = 64 << 10;

/// Our end of an output, and what came through it.
pub(super) struct Stream {
    /// `None` after its end.
    end: Option<OwnedFd>,
    bytes: Vec<u8>,
    max_bytes: usize,
}

impl Stream {
    pub(super) fn new(end: OwnedFd, max_bytes: usize) -> io::Result<Self> {
        fcntl_setfl(&end, fcntl_getfl(&end)? | OFlags::NONBLOCK)?;
        Ok(Self { end: Some(end), bytes: Vec::new(), max_bytes })
    }

    /// Our end, as long as something may come.
    pub(super) fn end(&self) -> Option<&OwnedFd> {
        self.end.as_ref()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn read_what_is_there(&mut self) -> Result<(), Stopped> {
        let mut buffer = vec![0; READ_BYTES];
        while let Some(end) = &self.end {
            match rustix::io::read(end, &mut buffer) {
                // A terminal whose other end is closed answers IO.
                Ok(0) | Err(rustix::io::Errno::IO) => self.end = None,
                Ok(length) => self.bytes.extend(buffer.iter().take(length)),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(Stopped::Io(error.into())),
            }
            if self.bytes.len() > self.max_bytes {
                return Err(Stopped::TooMuchOutput(self.max_bytes));
            }
        }
        Ok(())
    }
}
