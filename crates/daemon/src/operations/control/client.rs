//! The administrator's end: asks, and waits no longer than the daemon works.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::message::{MAX_RESPONSE_BYTES, Request, Response};
use super::server::WORK_DEADLINE;

/// The daemon's own deadline, and what it takes to send and receive.
const DEADLINE: Duration = WORK_DEADLINE.saturating_add(Duration::from_secs(10));

/// Why there is no answer, or no good one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// Nothing listens there.
    #[error("no daemon answers at `{}`; is it running, and is this its `control-socket`?", path.display())]
    NotRunning {
        /// Where.
        path: PathBuf,
    },
    /// The socket is not for us.
    #[error("`{}` may be used by root and the daemon's own user alone", path.display())]
    NotAllowed {
        /// Where.
        path: PathBuf,
    },
    /// No answer came in time.
    #[error("the daemon did not answer within {} s", DEADLINE.as_secs())]
    Late,
    /// The connection broke.
    #[error("the control socket `{}` cannot be used", path.display())]
    Connection {
        /// Where.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// What came is no answer.
    #[error("what came is no answer; is the daemon of another version?")]
    NoAnswer(#[source] serde_json::Error),
    /// The daemon says no.
    #[error("{words}")]
    Refused {
        /// Why.
        words: String,
    },
}

/// Asks the daemon at `path`, and waits for the answer; blocks for 100 seconds at most.
///
/// # Errors
/// When nobody answers there or in time, and when the daemon refuses; never returns [`Response::Refused`].
pub fn ask(path: &Path, request: &Request) -> Result<Response, ControlError> {
    let until = Instant::now() + DEADLINE;
    let mut line = serde_json::to_vec(request).map_err(ControlError::NoAnswer)?;
    line.push(b'\n');
    let answer = converse(path, &line, until).map_err(|source| told(path, source))?;
    match serde_json::from_slice(&answer).map_err(ControlError::NoAnswer)? {
        Response::Refused { words } => Err(ControlError::Refused { words }),
        response => Ok(response),
    }
}

fn converse(path: &Path, line: &[u8], until: Instant) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_write_timeout(Some(left(until)?))?;
    stream.write_all(line)?;
    let mut answer = Vec::new();
    let mut piece = [0; 8192];
    loop {
        stream.set_read_timeout(Some(left(until)?))?;
        match stream.read(&mut piece)? {
            0 => return Ok(answer),
            read => answer.extend(piece.iter().take(read)),
        }
        if answer.len() > MAX_RESPONSE_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the answer is too long"));
        }
    }
}

/// The time that is left; none is an error, since a timeout of zero would mean for ever.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn told(path: &Path, source: io::Error) -> ControlError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ControlError::NotRunning { path },
        io::ErrorKind::PermissionDenied => ControlError::NotAllowed { path },
        // What a socket says when its time is up.
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ControlError::Late,
        _ => ControlError::Connection { path, source },
    }
}
