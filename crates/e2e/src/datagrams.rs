//! A Unix socket that takes datagrams: what a service manager and a collector of TLS results listen at.
//!
//! Spec: unix(7), sd_notify(3).

use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use anyhow::{Context as _, Result};

use crate::log::PATIENCE;
use crate::site::Site;

/// The largest datagram that Linux lets anybody send with its usual settings.
const MAX_BYTES: usize = 256 * 1024;

/// A socket that is listened at, until the process ends.
#[derive(Debug)]
pub struct Datagrams {
    came: Receiver<String>,
}

impl Datagrams {
    /// Listens at `inside`, for everybody.
    ///
    /// # Errors
    /// When the path is taken, or the file system refuses.
    pub fn listen(site: &Site, inside: &str) -> Result<Self> {
        let path = site.outside(inside);
        let (parent, name) = path.parent().zip(path.file_name()).context("no path of a socket")?;
        fs::create_dir_all(parent)?;
        // By way of the open directory: names of sockets are short, and a site may lie deep.
        let parent = File::open(parent)?;
        let link = format!("/proc/self/fd/{}/{}", parent.as_raw_fd(), name.display());
        let socket = UnixDatagram::bind(&link).with_context(|| path.display().to_string())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666))?;
        let (sender, came) = mpsc::channel();
        // Taken at once: the kernel keeps ten, and who sends more waits or loses them.
        thread::spawn(move || {
            let mut bytes = vec![0; MAX_BYTES];
            while let Ok(length) = socket.recv(&mut bytes) {
                if sender.send(String::from_utf8_lossy(&bytes[..length]).into_owned()).is_err() {
                    return;
                }
            }
        });
        Ok(Self { came })
    }

    /// Waits for the next datagram.
    ///
    /// # Errors
    /// When none comes.
    pub fn next(&self) -> Result<String> {
        self.came.recv_timeout(PATIENCE).context("no datagram came")
    }
}
