//! What a path of the test server does.

use std::time::Duration;

use super::Content;

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// As a good server does: conditional requests and ranges are honoured.
    Serve(Content),
    /// This status with an empty body.
    Status(u16),
    /// 302 to this `Location`.
    Redirect(String),
    /// Announces the whole body, sends that many bytes of it, then says nothing more, and leaves the connection open.
    Stall {
        /// What is announced.
        body: Vec<u8>,
        /// How many bytes of it come.
        sent: usize,
    },
    /// These bytes, then nothing more, and the connection stays open.
    Hang(Vec<u8>),
    /// Says nothing at all, and leaves the connection open.
    Silence,
    /// Announces the whole body with these further header lines, sends that many bytes of it and closes properly.
    Truncate {
        /// Complete header lines, each with its line end; may be empty.
        headers: String,
        /// What is announced.
        body: Vec<u8>,
        /// How many bytes of it come.
        sent: usize,
    },
    /// A chunked body without end.
    Endless,
    /// Header lines without end.
    EndlessHeaders,
    /// The body, one byte at a time.
    Drip {
        /// What is announced.
        body: Vec<u8>,
        /// Between two bytes.
        pause: Duration,
    },
    /// These bytes, then the end of the TLS session.
    Raw(Vec<u8>),
    /// These bytes, then the TCP connection is cut without the end of the TLS session.
    Cut(Vec<u8>),
}

impl Behaviour {
    /// Status 200 with this body and these further header lines (each with its line end), which may lie.
    pub fn raw(headers: &str, body: &[u8]) -> Self {
        let mut bytes = format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes();
        bytes.extend_from_slice(body);
        Self::Raw(bytes)
    }
}
