//! One connection: the request is read and remembered, then the behaviour of its path plays.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Behaviour, Seen, Site};

/// A request head longer than this is none of ours.
const MAX_HEAD_BYTES: usize = 64 * 1024;

type Stream = StreamOwned<ServerConnection, TcpStream>;

/// How the connection ends.
enum Ending {
    /// The end of the TLS session is said.
    Proper,
    Cut,
}

pub(super) fn serve(stream: TcpStream, config: Arc<ServerConfig>, site: &Site) {
    let Ok(connection) = ServerConnection::new(config) else { return };
    let mut stream = StreamOwned::new(connection, stream);
    // A client that does not trust the certificate or goes away is what many tests are about.
    let Ok(Some(seen)) = read_request(&mut stream) else { return };
    let behaviour = site.behaviour(&seen);
    if let Ok(Ending::Proper) = play(&mut stream, &seen, behaviour) {
        stream.conn.send_close_notify();
        let _ = stream.flush();
        // Unread bytes of the client would turn the end into a reset.
        let _ = stream.sock.shutdown(std::net::Shutdown::Write);
        let _ = io::copy(&mut stream.sock, &mut io::sink());
    }
}

fn read_request(stream: &mut Stream) -> io::Result<Option<Seen>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_HEAD_BYTES {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Ok(Some(Seen { method: method.to_owned(), path: path.to_owned(), headers }))
}

fn play(stream: &mut Stream, seen: &Seen, behaviour: Behaviour) -> io::Result<Ending> {
    match behaviour {
        Behaviour::Serve(content) => send(stream, &content.answer(seen))?,
        Behaviour::Status(status) => {
            send(stream, format!("HTTP/1.1 {status} Scripted\r\nContent-Length: 0\r\n\r\n").as_bytes())?;
        }
        Behaviour::Redirect(to) => {
            let head = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
            send(stream, head.as_bytes())?;
        }
        Behaviour::Stall { body, sent } => {
            send(stream, announcement("", &body).as_bytes())?;
            send(stream, body.get(..sent).unwrap_or(&body))?;
            wait_for_the_client_to_go(stream)?;
        }
        Behaviour::Hang(bytes) => {
            send(stream, &bytes)?;
            wait_for_the_client_to_go(stream)?;
        }
        Behaviour::Silence => wait_for_the_client_to_go(stream)?,
        Behaviour::Truncate { headers, body, sent } => {
            send(stream, announcement(&headers, &body).as_bytes())?;
            send(stream, body.get(..sent).unwrap_or(&body))?;
        }
        Behaviour::Endless => {
            send(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            forever(stream, &[b"1000\r\n".as_slice(), &[b'x'; 0x1000], b"\r\n"].concat())?;
        }
        Behaviour::EndlessHeaders => {
            send(stream, b"HTTP/1.1 200 OK\r\n")?;
            forever(stream, &[b"X-More: ".as_slice(), &[b'x'; 0x1000], b"\r\n"].concat())?;
        }
        Behaviour::Drip { body, pause } => {
            send(stream, announcement("", &body).as_bytes())?;
            for byte in body {
                send(stream, &[byte])?;
                std::thread::sleep(pause);
            }
        }
        Behaviour::Raw(bytes) => send(stream, &bytes)?,
        Behaviour::Cut(bytes) => {
            send(stream, &bytes)?;
            return Ok(Ending::Cut);
        }
    }
    Ok(Ending::Proper)
}

fn announcement(headers: &str, body: &[u8]) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len())
}

fn send(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
}

/// Ends with the error of a client that has gone.
fn forever(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    loop {
        send(stream, bytes)?;
    }
}

fn wait_for_the_client_to_go(stream: &mut Stream) -> io::Result<()> {
    io::copy(stream, &mut io::sink()).map(|_| ())
}
