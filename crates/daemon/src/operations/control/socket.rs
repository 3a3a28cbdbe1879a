//! A Unix socket that nobody else can use: mode 0600 from the first moment on, and gone when we are.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, fchmod};
use tokio::net::{UnixListener, UnixSocket};

/// Few ask, one after the other.
const BACKLOG: u32 = 16;

/// A listening socket; its name is taken away with it.
#[derive(Debug)]
pub(super) struct OwnSocket {
    pub(super) listener: UnixListener,
    path: PathBuf,
    /// Device and number of what we made: another file of that name is not ours to remove.
    identity: Option<(u64, u64)>,
}

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another program is there.
    #[error("another daemon or program answers at `{}`; stop it, or set another `control-socket`", path.display())]
    Taken {
        /// Where.
        path: PathBuf,
    },
    /// Something else is there.
    #[error("`{}` is there and is no socket; remove it, or set another `control-socket`", path.display())]
    NoSocket {
        /// Where.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("cannot listen at `{}`", path.display())]
    System {
        /// Where.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
}

impl OwnSocket {
    /// Listens at `path`; what a daemon left behind that was killed is removed. Needs a runtime.
    pub(super) fn bind(path: &Path) -> Result<Self, BindError> {
        let refused = |source| BindError::System { path: path.to_owned(), source };
        clear(path)?;
        let socket = UnixSocket::new_stream().map_err(refused)?;
        // Before it has a name: Linux gives the file the mode that the socket has, so there is no moment of another one.
        fchmod(&socket, Mode::RUSR | Mode::WUSR).map_err(|error| refused(error.into()))?;
        socket.bind(path).map_err(refused)?;
        let listener = socket.listen(BACKLOG).map_err(refused)?;
        Ok(Self { listener, path: path.to_owned(), identity: identity(path) })
    }
}

impl Drop for OwnSocket {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn clear(path: &Path) -> Result<(), BindError> {
    let refused = |source| BindError::System { path: path.to_owned(), source };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(refused(error)),
        Ok(found) if !found.file_type().is_socket() => Err(BindError::NoSocket { path: path.to_owned() }),
        Ok(_) => match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path).map_err(refused)
            }
            Err(error) => Err(refused(error)),
            Ok(_) => Err(BindError::Taken { path: path.to_owned() }),
        },
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = std::fs::symlink_metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}
