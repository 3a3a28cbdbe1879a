//! A DNS server on loopback that answers as a validating resolver would, well or badly, from what a test put into it.
//!
//! UDP and TCP on one port of 127.0.0.1. Whether an answer carries the AD bit follows from the longest name above it that
//! was called [signed](Server::signed) or [unsigned](Server::unsigned). Its messages are built by hand, so that it shares
//! no fault with the resolver that it tests.
//!
//! ```
//! use starttls_testkit::dns::{Behaviour, Data, Server, kind};
//!
//! let dns = Server::start()?;
//! dns.signed("example.org");
//! dns.add("example.org", 300, Data::Mx(10, "mx.example.org".into()));
//! dns.at("_25._tcp.mx.example.org", kind::TLSA, Behaviour::Rcode(2));
//! assert_eq!(dns.asked().len(), 0);
//! # Ok::<(), anyhow::Error>(())
//! ```
//!
//! Spec: RFC 1035 §4 (messages), RFC 2308 §2 (denials), RFC 6891 (EDNS), RFC 8914 (extended errors).

mod behaviour;
mod message;
mod play;
mod zone;

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use anyhow::Result;

pub use behaviour::{Behaviour, Gate};
pub use message::{Asked, Transport, kind};
pub use zone::Data;

use crate::listener::Listener;
use message::Query;
use zone::Zone;

/// How many ports are tried until one is free for UDP and TCP alike.
const PORT_TRIES: usize = 32;

/// The largest datagram that is read.
const MAX_DATAGRAM_BYTES: usize = 4096;

/// A running server; it ends when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    receiving: Option<JoinHandle<()>>,
    _tcp: Listener,
}

/// What is served, and what was asked.
#[derive(Debug, Default)]
struct Shared {
    stopped: AtomicBool,
    zone: Mutex<Zone>,
    behaviours: Mutex<HashMap<(String, u16), Behaviour>>,
    asked: Mutex<Vec<Asked>>,
}

impl Server {
    /// Starts a server that knows no name at all.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start() -> Result<Self> {
        let (udp, tcp) = bind()?;
        let address = udp.local_addr()?;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let listener = Listener::on(tcp, move |stream| serve_tcp(stream, &theirs))?;
        let theirs = Arc::clone(&shared);
        let receiving = std::thread::spawn(move || serve_udp(&udp, &theirs));
        Ok(Self { address, shared, receiving: Some(receiving), _tcp: listener })
    }

    /// Where it listens, by UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on answers about this name and all names below carry the AD bit.
    pub fn signed(&self, name: &str) {
        lock(&self.shared.zone).set_signed(name, true);
    }

    /// From now on answers about this name and all names below do not carry the AD bit.
    pub fn unsigned(&self, name: &str) {
        lock(&self.shared.zone).set_signed(name, false);
    }

    /// Adds a record; `ttl` is in seconds.
    pub fn add(&self, name: &str, ttl: u32, data: Data) {
        lock(&self.shared.zone).add(name, ttl, data);
    }

    /// Takes all records of a name away.
    pub fn remove(&self, name: &str) {
        lock(&self.shared.zone).remove(name);
    }

    /// From now on denials carry a SOA record with this TTL and this MINIMUM, in seconds.
    pub fn soa(&self, ttl: u32, minimum: u32) {
        lock(&self.shared.zone).soa = (ttl, minimum);
    }

    /// From now on this question is answered so; `kind` is one of [`kind`].
    pub fn at(&self, name: &str, kind: u16, behaviour: Behaviour) {
        lock(&self.shared.behaviours).insert((message::folded(name), kind), behaviour);
    }

    /// All questions so far, oldest first.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.asked).clone()
    }

    /// How often something was asked.
    pub fn count(&self, name: &str, kind: u16) -> usize {
        let name = message::folded(name);
        lock(&self.shared.asked).iter().filter(|asked| asked.name == name && asked.kind == kind).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that receives.
        if let Ok(socket) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) {
            let _ = socket.send_to(b"", self.address);
        }
        if let Some(receiving) = self.receiving.take() {
            let _ = receiving.join();
        }
    }
}

fn bind() -> Result<(UdpSocket, TcpListener)> {
    for _ in 0..PORT_TRIES {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        if let Ok(tcp) = TcpListener::bind(udp.local_addr()?) {
            return Ok((udp, tcp));
        }
    }
    anyhow::bail!("no port of 127.0.0.1 is free for UDP and TCP alike")
}

fn serve_udp(socket: &UdpSocket, shared: &Arc<Shared>) {
    let mut buffer = [0; MAX_DATAGRAM_BYTES];
    while let Ok((length, client)) = socket.recv_from(&mut buffer) {
        if shared.stopped.load(Ordering::SeqCst) {
            break;
        }
        let Some(query) = buffer.get(..length).and_then(Query::parse) else { continue };
        let behaviour = shared.remember(&query, Transport::Udp);
        if let Some(gate) = behaviour.gate() {
            // Others are answered meanwhile.
            let (shared, gate) = (Arc::clone(shared), gate.clone());
            let Ok(socket) = socket.try_clone() else { continue };
            std::thread::spawn(move || {
                gate.wait();
                let _ = socket.send_to(&play::well(&query, &lock(&shared.zone)), client);
            });
            continue;
        }
        for datagram in play::datagrams(&behaviour, &query, &lock(&shared.zone)) {
            let _ = socket.send_to(&datagram, client);
        }
    }
}

fn serve_tcp(mut stream: TcpStream, shared: &Shared) {
    let mut length = [0; 2];
    while stream.read_exact(&mut length).is_ok() {
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        if stream.read_exact(&mut message).is_err() {
            return;
        }
        let Some(query) = Query::parse(&message) else { return };
        let behaviour = shared.remember(&query, Transport::Tcp);
        let answer = play::over_tcp(&behaviour, &query, &lock(&shared.zone));
        let is_closing = matches!(behaviour, Behaviour::TruncatedThenClosed);
        if is_closing || stream.write_all(&answer).is_err() {
            return;
        }
    }
}

impl Shared {
    fn remember(&self, query: &Query, transport: Transport) -> Behaviour {
        lock(&self.asked).push(query.asked(transport));
        let key = (message::folded(&query.name), query.kind);
        lock(&self.behaviours).get(&key).cloned().unwrap_or(Behaviour::Well)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_when_dropped() -> Result<()> {
        let server = Server::start()?;
        let address = server.address();
        drop(server);
        UdpSocket::bind(address)?;
        Ok(())
    }
}
