//! A proxy on loopback that understands `CONNECT` alone.
//!
//! It leads every host to one address, so that a test may use any name without DNS.
//!
//! Spec: RFC 9110 §9.3.6.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use crate::listener::Listener;

/// A request head longer than this is none of ours.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// What the proxy does with a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rule {
    /// Leads to this address, whatever was asked for.
    LeadTo(SocketAddr),
    /// Answers 403.
    Deny,
}

/// A running proxy; it ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    listener: Listener,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts a proxy.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(rule: Rule) -> Result<Self> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let theirs = Arc::clone(&seen);
        let listener = Listener::start(move |client| {
            // A client that goes away early is no failure of the proxy.
            let _ = serve(client, rule, &theirs);
        })?;
        Ok(Self { listener, seen })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.listener.address())
    }

    /// The request heads so far, oldest first.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(mut client: TcpStream, rule: Rule, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_HEAD_BYTES {
        client.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let is_connect = head.starts_with("CONNECT ");
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(head);
    let address = match rule {
        Rule::LeadTo(address) if is_connect => address,
        _ => return client.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
    };
    let mut server = TcpStream::connect(address)?;
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let there = std::thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let _ = io::copy(&mut server, &mut client);
    let _ = client.shutdown(Shutdown::Both);
    let _ = there.join();
    Ok(())
}
