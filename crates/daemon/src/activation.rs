//! Sockets that systemd hands over, by name.
//!
//! Spec: sd_listen_fds(3).

use std::env;
use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use listenfd::ListenFd;

/// The sockets that were handed over and not taken yet.
#[derive(Debug, Default)]
pub struct Activation {
    sockets: Vec<(String, Activated)>,
}

/// A socket that was handed over.
#[derive(Debug)]
#[non_exhaustive]
pub enum Activated {
    /// A TCP socket that listens.
    Tcp(TcpListener),
    /// A Unix stream socket that listens.
    Unix(UnixListener),
}

/// A file was handed over that nothing can be served on.
#[derive(Debug, thiserror::Error)]
#[error(
    "socket {number} of those handed over (`{name}`) is neither TCP nor a Unix stream; correct the .socket unit"
)]
pub struct ActivationError {
    /// Counted from 1.
    pub number: usize,
    /// Its name, `FileDescriptorName=` of the unit.
    pub name: String,
    /// What the system answered.
    #[source]
    pub source: io::Error,
}

impl Activation {
    /// Takes over what this process was given, and forgets the variables that say so: call it once, before any thread
    /// is started.
    ///
    /// # Errors
    /// When one of them is no socket that listens.
    pub fn from_environment() -> Result<Self, ActivationError> {
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let mut files = ListenFd::from_env();
        let mut sockets = Vec::new();
        for index in 0..files.len() {
            // Without `FileDescriptorName=`, systemd gives the name of the unit; without any, ours is meant.
            let name = names.next().filter(|name| !name.is_empty()).unwrap_or("socketmap").to_owned();
            let unix = files.take_unix_listener(index).ok().flatten().map(Activated::Unix);
            let socket = match unix {
                Some(socket) => Some(socket),
                None => files
                    .take_tcp_listener(index)
                    .map_err(|source| ActivationError { number: index + 1, name: name.clone(), source })?
                    .map(Activated::Tcp),
            };
            sockets.extend(socket.map(|socket| (name, socket)));
        }
        Ok(Self { sockets })
    }

    /// Takes the sockets whose name is `name`, or `name` with more behind it: `socketmap`, `socketmap-unix`.
    pub fn take(&mut self, name: &str) -> Vec<Activated> {
        let is_meant = |given: &str| {
            given.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.', '@']))
        };
        self.sockets.extract_if(.., |(given, _)| is_meant(given)).map(|(_, socket)| socket).collect()
    }

    /// The names of what nobody took.
    pub fn left(&self) -> impl Iterator<Item = &str> {
        self.sockets.iter().map(|(name, _)| name.as_str())
    }
}
