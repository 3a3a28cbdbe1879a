//! The administrator's end: asks, and waits no longer than the daemon works.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};

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
    #[error("`{}` may be used by root and the daemon's own user alone; run the command as one of them", path.display())]
    NotAllowed {
        /// Where.
        path: PathBuf,
    },
    /// No answer came in time.
    #[error("the daemon did not answer within {} s", within.as_secs())]
    Late {
        /// How long it had.
        within: Duration,
    },
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
    ask_within(path, request, DEADLINE)
}

/// The same for one who has not that much time.
///
/// # Errors
/// As [`ask`].
pub fn ask_within(path: &Path, request: &Request, within: Duration) -> Result<Response, ControlError> {
    let until = Instant::now() + within;
    let mut line = serde_json::to_vec(request).map_err(ControlError::NoAnswer)?;
    line.push(b'\n');
    let answer = converse(path, &line, until).map_err(|source| told(path, source, within))?;
    match serde_json::from_slice(&answer).map_err(ControlError::NoAnswer)? {
        Response::Refused { words } => Err(ControlError::Refused { words }),
        response => Ok(response),
    }
}

fn converse(path: &Path, line: &[u8], until: Instant) -> io::Result<Vec<u8>> {
    let mut stream = connect(path, until)?;
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

/// Connects. A daemon that is stopped leaves those who come waiting once there are many of them; the system's own call would
/// wait with them for ever.
fn connect(path: &Path, until: Instant) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&socket, Timeout::Send, Some(left(until)?))?;
    rustix::net::connect(&socket, &address)?;
    Ok(UnixStream::from(socket))
}

/// The time that is left; none is an error, since a timeout of zero would mean for ever.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn told(path: &Path, source: io::Error, within: Duration) -> ControlError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ControlError::NotRunning { path },
        io::ErrorKind::PermissionDenied => ControlError::NotAllowed { path },
        // What a socket says when its time is up.
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ControlError::Late { within },
        _ => ControlError::Connection { path, source },
    }
}

#[cfg(test)]
mod asking {
    use std::os::unix::net::UnixListener;

    use tempfile::TempDir;

    use super::*;

    fn path_in(directory: &TempDir) -> PathBuf {
        directory.path().join("control")
    }

    #[test]
    fn says_that_no_daemon_runs() {
        let directory = tempfile::tempdir().unwrap();
        for prepare in [|_: &Path| (), |path: &Path| drop(UnixListener::bind(path).unwrap())] {
            prepare(&path_in(&directory));
            let error = ask(&path_in(&directory), &Request::Reload {}).unwrap_err();
            assert!(matches!(error, ControlError::NotRunning { .. }), "{error}");
        }
    }

    #[test]
    fn waits_no_longer_than_it_has_time() {
        let directory = tempfile::tempdir().unwrap();
        // A daemon that is stopped: those who come find a place, until all are taken.
        let _stopped = UnixListener::bind(path_in(&directory)).unwrap();
        let within = Duration::from_millis(20);
        let late = || ask_within(&path_in(&directory), &Request::Reload {}, within).unwrap_err();
        let mut waiting = Vec::new();
        assert!(matches!(late(), ControlError::Late { .. }));
        while let Ok(stream) = connect(&path_in(&directory), Instant::now() + within) {
            waiting.push(stream);
        }
        assert!(matches!(late(), ControlError::Late { .. }));
    }

    #[test]
    fn refuses_what_is_no_answer() {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(path_in(&directory)).unwrap();
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 64];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        });
        let error = ask(&path_in(&directory), &Request::Reload {}).unwrap_err();
        assert!(matches!(error, ControlError::NoAnswer(_)), "{error}");
        answering.join().unwrap();
    }
}
