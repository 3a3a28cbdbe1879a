//! A resolver that takes its time: it passes questions on to the real one, and waits before it does.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::dns::RESOLVER;

/// Where it answers, on port 53.
pub const SLOW_RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 52);

/// The largest message that fits into a datagram.
const MAX_BYTES: usize = 65_535;

/// A running forwarder; it ends with the process.
#[derive(Clone, Debug)]
pub struct Slow {
    /// In milliseconds.
    delay: Arc<AtomicU64>,
}

impl Slow {
    /// Starts to answer, at first as quickly as it can.
    ///
    /// # Errors
    /// When the address is taken.
    pub fn start() -> Result<Self> {
        let slow = Self { delay: Arc::default() };
        let socket = Arc::new(UdpSocket::bind((SLOW_RESOLVER, 53))?);
        let delay = Arc::clone(&slow.delay);
        thread::spawn(move || {
            let mut buffer = vec![0; MAX_BYTES];
            while let Ok((length, client)) = socket.recv_from(&mut buffer) {
                let (socket, delay, query) =
                    (Arc::clone(&socket), Arc::clone(&delay), buffer[..length].to_vec());
                thread::spawn(move || {
                    thread::sleep(Duration::from_millis(delay.load(Ordering::Relaxed)));
                    let response = ask(&query)?;
                    socket.send_to(&response, client).map(drop)
                });
            }
        });
        Ok(slow)
    }

    /// From now on it waits so long before each answer.
    pub fn wait(&self, delay: Duration) {
        let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.delay.store(delay, Ordering::Relaxed);
    }
}

fn ask(query: &[u8]) -> std::io::Result<Vec<u8>> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.send_to(query, SocketAddrV4::new(RESOLVER, 53))?;
    let mut buffer = vec![0; MAX_BYTES];
    let length = socket.recv(&mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}
