//! Sockets that are listened at.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::Listen;

/// Mode of a Unix socket unless the settings say otherwise: who may write to it may ask.
pub const DEFAULT_UNIX_MODE: u32 = 0o660;

/// Connections that wait until we take them: room for a burst, since a mail server that finds none defers.
const BACKLOG: i32 = 1024;

/// A socket that is listened at; the file of a Unix socket that was made here goes with it.
#[derive(Debug)]
pub struct Listener {
    pub(super) socket: Socket,
    pub(super) file: Option<SocketFile>,
    listen: Listen,
}

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Why nothing can be listened at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Somebody else has it.
    #[error("somebody listens at `{listen}` already; stop that program, or name another place")]
    InUse {
        /// The place.
        listen: Listen,
    },
    /// What stands in the way is no socket, and is left alone.
    #[error("`{path}` is there and no socket; remove it, or name another path")]
    NoSocket {
        /// The path.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("cannot listen at `{listen}`")]
    System {
        /// The place.
        listen: Listen,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
}

impl Listener {
    /// Listens; connections wait until they are served. `mode` is for Unix sockets.
    ///
    /// The file of a Unix socket at which nobody listens any more is replaced.
    ///
    /// # Errors
    /// [`BindError`] where the place is taken, or may not be had.
    pub fn bind(listen: &Listen, mode: u32) -> Result<Self, BindError> {
        match listen {
            Listen::Tcp(address) => {
                let socket = TcpListener::bind(address).map_err(|error| refused(listen, error))?;
                rustix::net::listen(&socket, BACKLOG).map_err(|error| refused(listen, error.into()))?;
                Self::tcp(socket).map_err(|error| refused(listen, error))
            }
            Listen::Unix(path) => {
                clear(listen, path)?;
                let (socket, file) = make(path, mode).map_err(|error| refused(listen, error))?;
                socket.set_nonblocking(true).map_err(|error| refused(listen, error))?;
                Ok(Self { socket: Socket::Unix(socket), file: Some(file), listen: listen.clone() })
            }
        }
    }

    /// Takes a socket that somebody else listens at for us, as systemd does.
    ///
    /// # Errors
    /// When the system does not know it.
    pub fn tcp(socket: TcpListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let listen = Listen::Tcp(socket.local_addr()?);
        Ok(Self { socket: Socket::Tcp(socket), file: None, listen })
    }

    /// Takes a Unix socket that somebody else listens at for us; its file stays.
    ///
    /// # Errors
    /// When the system does not know it.
    pub fn unix(socket: UnixListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let path = socket.local_addr()?.as_pathname().map_or_else(PathBuf::new, Path::to_owned);
        Ok(Self { socket: Socket::Unix(socket), file: None, listen: Listen::Unix(path) })
    }

    /// Where it listens, with the port that the system chose if 0 was asked for.
    pub fn listen(&self) -> &Listen {
        &self.listen
    }
}

/// The file of a socket, which is removed at the end unless another took its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let is_ours = |file: fs::Metadata| (file.dev(), file.ino()) == (self.device, self.inode);
        if fs::symlink_metadata(&self.path).is_ok_and(is_ours) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn refused(listen: &Listen, source: io::Error) -> BindError {
    let listen = listen.clone();
    if source.kind() == io::ErrorKind::AddrInUse {
        BindError::InUse { listen }
    } else {
        BindError::System { listen, source }
    }
}

/// Sees to it that the path is free, or holds a socket that nobody listens at.
fn clear(listen: &Listen, path: &Path) -> Result<(), BindError> {
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err(BindError::NoSocket { path: path.to_owned() });
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        // Connected, or full, or not allowed: in any case somebody is there.
        Ok(_) | Err(_) => Err(BindError::InUse { listen: listen.clone() }),
    }
}

/// Makes the socket under another name, so that it has its mode before anybody finds it and replaces a stale one at once.
fn make(path: &Path, mode: u32) -> io::Result<(UnixListener, SocketFile)> {
    let mut name = path.as_os_str().to_owned();
    name.push("~");
    let name = PathBuf::from(name);
    match fs::remove_file(&name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = UnixListener::bind(&name)?;
    let file = fs::symlink_metadata(&name)?;
    fs::set_permissions(&name, fs::Permissions::from_mode(mode & 0o777))?;
    fs::rename(&name, path)?;
    Ok((socket, SocketFile { path: path.to_owned(), device: file.dev(), inode: file.ino() }))
}
