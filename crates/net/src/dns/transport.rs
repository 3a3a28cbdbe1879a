//! Bytes to a resolver and back: a datagram each, or a connection when the answer does not fit.
//!
//! One question at a time has a socket for itself. On this machine sockets are used again, up to a limit; for any other
//! resolver each question has a fresh one, so that its port has to be guessed as well as its id (RFC 5452 §9).
//! A socket that was waited on in vain is closed, and late answers with it.
//!
//! Spec: RFC 1035 §4.2, RFC 7766 §8 (the length in front), RFC 5452 §9.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use super::question::MAX_UDP_ANSWER_BYTES;

/// How often a socket is used; the port changes as often.
const MAX_USES: u16 = 64;

/// How many unused sockets are kept.
const MAX_IDLE: usize = 64;

/// How many datagrams that do not belong to the question are read past; more of them are no accident.
const MAX_FOREIGN: usize = 64;

/// One resolver, and sockets that are connected to it.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    idle: Mutex<Vec<Socket>>,
}

#[derive(Debug)]
struct Socket {
    udp: UdpSocket,
    uses: u16,
    buffer: Vec<u8>,
}

impl Server {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, idle: Mutex::default() }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a datagram and reads on until `take` makes something of one. The caller has the deadline.
    pub(super) async fn over_udp<T>(
        &self,
        message: &[u8],
        mut take: impl FnMut(&[u8]) -> Option<T>,
    ) -> io::Result<T> {
        let mut socket = match self.take_idle() {
            Some(socket) => socket,
            None => Socket::open(self.address).await?,
        };
        socket.udp.send(message).await?;
        for _ in 0..MAX_FOREIGN {
            let length = socket.udp.recv(&mut socket.buffer).await?;
            if let Some(taken) = socket.buffer.get(..length).and_then(&mut take) {
                self.put_back(socket);
                return Ok(taken);
            }
        }
        Err(io::Error::other("nothing but foreign messages"))
    }

    /// Sends a message over a connection and brings back the answer: 64 KiB at most, as the length in front has two bytes.
    pub(super) async fn over_tcp(&self, message: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let length = u16::try_from(message.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes(), message].concat()).await?;
        let length = stream.read_u16().await?;
        let mut answer = vec![0; usize::from(length)];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    }

    fn take_idle(&self) -> Option<Socket> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put_back(&self, mut socket: Socket) {
        socket.uses += 1;
        if socket.uses >= MAX_USES || !self.address.ip().to_canonical().is_loopback() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(socket);
        }
    }
}

impl Socket {
    async fn open(server: SocketAddr) -> io::Result<Self> {
        let any: IpAddr =
            if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let udp = UdpSocket::bind((any, 0)).await?;
        // Connected: the kernel drops what comes from elsewhere, and tells when nobody is there.
        udp.connect(server).await?;
        // One byte more than may come: what is larger cannot be mistaken for what fits.
        let buffer = vec![0; usize::from(MAX_UDP_ANSWER_BYTES) + 1];
        Ok(Self { udp, uses: 0, buffer })
    }
}
