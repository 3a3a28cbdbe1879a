//! One question to a name server, put by hand.
//!
//! Spec: RFC 1035 §4.1 (messages), RFC 6840 §5.7 (the AD bit of a question).

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A response, as far as it matters here.
pub(super) struct Response {
    pub(super) code: u8,
    /// The AD bit: the resolver verified it.
    pub(super) is_verified: bool,
    bytes: Vec<u8>,
}

/// Asks a server one question.
pub(super) fn ask(server: SocketAddrV4, name: &str, kind: u8) -> Result<Response> {
    // RFC 1035 §4.1.1: id 1, recursion desired; RFC 6840 §5.7: AD asks for the AD bit. One question.
    let mut query = vec![0, 1, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(u8::try_from(label.len())?);
        query.extend(label.bytes());
    }
    query.extend([0, 0, kind, 0, 1]);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    socket.send_to(&query, server)?;
    let mut bytes = vec![0; 4096];
    let length = socket.recv(&mut bytes)?;
    bytes.truncate(length);
    let header = bytes.first_chunk::<12>().context("a truncated response")?;
    let (code, is_verified) = (header[3] % 16, header[3] & 0x20 != 0);
    Ok(Response { code, is_verified, bytes })
}

impl Response {
    /// Tells whether it has this text somewhere.
    pub(super) fn holds(&self, text: &str) -> bool {
        self.bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }
}
