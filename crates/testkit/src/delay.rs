//! A line with a delay: a loopback port that leads to a Unix socket, and every byte arrives later by a given time, in each
//! direction. Bytes in flight are not limited, as on a long line; only the distance is played, not its bandwidth.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::listener::Listener;

/// Bytes that travel together.
const CHUNK: usize = 16 * 1024;

/// A running line; it ends when dropped.
#[derive(Debug)]
pub struct DelayLine(Listener);

impl DelayLine {
    /// Leads to a Unix socket with half of `round_trip` in each direction.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(socket: PathBuf, round_trip: Duration) -> Result<Self> {
        let one_way = round_trip / 2;
        Ok(Self(Listener::start(move |client| {
            // A side that goes away early is no failure of the line.
            let _ = carry(&client, &socket, one_way);
        })?))
    }

    /// Where it begins.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

fn carry(client: &TcpStream, socket: &PathBuf, one_way: Duration) -> io::Result<()> {
    client.set_nodelay(true)?;
    let server = UnixStream::connect(socket)?;
    let (from_client, to_client) = (client.try_clone()?, client.try_clone()?);
    let (from_server, to_server) = (server.try_clone()?, server.try_clone()?);
    let there = std::thread::spawn(move || {
        let _ = delayed(from_client, &to_server, one_way);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let _ = delayed(from_server, &to_client, one_way);
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
    let _ = there.join();
    Ok(())
}

/// Hands bytes on, each a given time after it came.
fn delayed(
    mut from: impl io::Read + Send + 'static,
    mut to: impl io::Write,
    delay: Duration,
) -> io::Result<()> {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut chunk = vec![0; CHUNK];
        while let Ok(read @ 1..) = from.read(&mut chunk) {
            let bytes = chunk.iter().take(read).copied().collect();
            if sender.send((Instant::now() + delay, bytes)).is_err() {
                return;
            }
        }
    });
    while let Ok((due, bytes)) = receiver.recv() {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        to.write_all(&bytes)?;
    }
    Ok(())
}
