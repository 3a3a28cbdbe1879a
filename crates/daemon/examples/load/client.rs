//! One blocking client, and what replies are.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use starttls_daemon::socketmap::Listen;

/// Who waits longer measures nothing any more.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) enum Client {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Client {
    pub(crate) fn connect(address: &Listen) -> Result<Self> {
        Ok(match address {
            Listen::Tcp(address) => {
                let stream = TcpStream::connect(address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                Self::Tcp(stream)
            }
            Listen::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                Self::Unix(stream)
            }
        })
    }

    pub(crate) fn set_nonblocking(&self) -> Result<()> {
        Ok(match self {
            Self::Tcp(stream) => stream.set_nonblocking(true),
            Self::Unix(stream) => stream.set_nonblocking(true),
        }?)
    }

    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes),
            Self::Unix(stream) => stream.write_all(bytes),
        }
    }

    /// Asks once and returns the reply.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        self.write(request)?;
        let (mut buffer, mut length) = (vec![0; 200_000], 0);
        loop {
            let read = self.read(&mut buffer[length..]).context("no reply")?;
            if read == 0 {
                bail!("closed without a reply");
            }
            length += read;
            if let Some((start, end)) = next(&buffer[..length])? {
                return Ok(buffer[start..end].to_vec());
            }
        }
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

/// A request as it goes out.
pub(crate) fn frame(map: &str, key: &str) -> Vec<u8> {
    format!("{}:{map} {key},", map.len() + 1 + key.len()).into_bytes()
}

/// Where the first reply's text lies, if it has all come; a comma follows it.
pub(crate) fn next(input: &[u8]) -> Result<Option<(usize, usize)>> {
    let mut length = 0;
    for (index, byte) in input.iter().take(7).enumerate() {
        match byte {
            b':' => {
                let (start, end) = (index + 1, index + 1 + length);
                return match input.get(end) {
                    None => Ok(None),
                    Some(b',') => Ok(Some((start, end))),
                    Some(_) => bail!("a reply without its comma"),
                };
            }
            b'0'..=b'9' => length = length * 10 + usize::from(byte - b'0'),
            _ => bail!("a reply that is no netstring"),
        }
    }
    if input.len() >= 7 {
        bail!("a reply of unheard-of length")
    }
    Ok(None)
}

/// Replies by kind.
#[derive(Default)]
pub(crate) struct Kinds {
    ok: u64,
    not_found: u64,
    temporary: u64,
    permanent: u64,
}

impl Kinds {
    pub(crate) fn add(&mut self, reply: &[u8]) -> Result<()> {
        match reply {
            [b'O', b'K', b' ', ..] => self.ok += 1,
            [b'N', b'O', b'T', b'F', b'O', b'U', b'N', b'D', b' ', ..] => self.not_found += 1,
            [b'T', b'E', b'M', b'P', b' ', ..] => self.temporary += 1,
            [b'P', b'E', b'R', b'M', b' ', ..] => self.permanent += 1,
            other => bail!("no reply: {}", String::from_utf8_lossy(&other[..other.len().min(80)])),
        }
        Ok(())
    }
}

impl std::fmt::Display for Kinds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { ok, not_found, temporary, permanent } = self;
        write!(f, "ok={ok} notfound={not_found} temp={temporary} perm={permanent}")
    }
}
