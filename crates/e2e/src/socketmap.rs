//! A client of a socketmap server, as Postfix has one.
//!
//! Spec: socketmap_table(5).

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context as _, Result, bail, ensure};

use crate::log::PATIENCE;

/// The longest reply that Postfix reads.
const MAX_REPLY_BYTES: usize = 100_000;

/// What the server replied.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reply {
    /// `OK` with this answer.
    Ok(String),
    /// `NOTFOUND`.
    NotFound,
    /// `TEMP` with this reason.
    Temporary(String),
}

impl Reply {
    /// The level that is demanded; `none` and `later` where none is.
    pub fn level(&self) -> &str {
        match self {
            Self::Ok(text) => text.split(' ').next().unwrap_or_default(),
            Self::NotFound => "none",
            Self::Temporary(_) => "later",
        }
    }
}

/// One connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream })
    }

    /// Asks one question.
    ///
    /// # Errors
    /// When no reply comes, or one that Postfix would not take.
    pub fn ask(&mut self, map: &str, key: &str) -> Result<Reply> {
        let question = format!("{map} {key}");
        write!(self.stream, "{}:{question},", question.len())?;
        let text = self.read().with_context(|| format!("reply about {key}"))?;
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        Ok(match word {
            "OK" => Reply::Ok(rest.to_owned()),
            "NOTFOUND" => Reply::NotFound,
            "TEMP" => Reply::Temporary(rest.to_owned()),
            // A permanent error defers mail without saying that it will pass.
            _ => bail!("{key}: {text}"),
        })
    }

    fn read(&mut self) -> Result<String> {
        let mut length = 0;
        loop {
            match self.byte()? {
                digit @ b'0'..=b'9' => length = length * 10 + usize::from(digit - b'0'),
                b':' => break,
                other => bail!("byte {other} in a length"),
            }
            ensure!(length <= MAX_REPLY_BYTES, "a reply of more than {MAX_REPLY_BYTES} bytes");
        }
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        ensure!(self.byte()? == b',', "no comma at the end");
        Ok(String::from_utf8(bytes)?)
    }

    fn byte(&mut self) -> Result<u8> {
        let mut byte = [0];
        self.stream.read_exact(&mut byte)?;
        Ok(byte[0])
    }
}
