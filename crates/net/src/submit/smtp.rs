//! Submission by SMTP: in cleartext to this machine, with STARTTLS and a verified certificate to any other.
//!
//! Spec: RFC 5321, RFC 3207.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::bounded::BoundedStream;
use super::{Mail, SubmitError};
use crate::roots::Roots;

/// A mail server that takes mail from us without a password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Smtp {
    /// Its name, which its certificate must show unless it is this machine, or its address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whose certificates are trusted; not asked on loopback.
    pub roots: Roots,
    /// For all of it.
    pub deadline: Duration,
}

/// What the mail goes over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wire {
    /// It does not leave this machine.
    Cleartext,
    /// STARTTLS is mandatory.
    StartTls,
}

impl Default for Smtp {
    fn default() -> Self {
        // Servers are allowed minutes for each step (RFC 5321 §4.5.3.2), but an alert is no use when it waits that long.
        Self {
            host: "localhost".to_owned(),
            port: 25,
            roots: Roots::System,
            deadline: Duration::from_mins(1),
        }
    }
}

impl Smtp {
    pub(super) async fn submit(&self, mail: &Mail) -> Result<(), SubmitError> {
        let all = timeout(self.deadline, self.talk(mail));
        all.await.map_err(|_| SubmitError::DeadlinePassed { deadline: self.deadline })?
    }

    async fn talk(&self, mail: &Mail) -> Result<(), SubmitError> {
        let stream = self.connect().await.map_err(|source| SubmitError::Connect {
            host: self.host.clone(),
            port: self.port,
            source,
        })?;
        let wire = Wire::to(&stream);
        self.converse(stream, wire, mail).await
    }

    async fn converse(&self, stream: TcpStream, wire: Wire, mail: &Mail) -> Result<(), SubmitError> {
        let hello = hello(&stream);
        let connection =
            AsyncSmtpConnection::connect_with_transport(Box::new(BoundedStream::new(stream)), &hello).await;
        let mut connection = connection.map_err(|error| self.failure(&error))?;
        if wire == Wire::StartTls {
            if !connection.can_starttls() {
                return Err(SubmitError::NoStartTls { host: self.host.clone() });
            }
            let upgraded = connection.starttls(self.tls()?, &hello).await;
            upgraded.map_err(|error| match self.failure(&error) {
                SubmitError::Broken { host } => SubmitError::Tls { host },
                other => other,
            })?;
        }
        let recipients = mail.to().iter().map(super::Address::to_lettre).collect();
        let envelope = Envelope::new(Some(mail.from().to_lettre()), recipients)
            .map_err(|_| SubmitError::Broken { host: self.host.clone() })?;
        connection.send(&envelope, mail.text()).await.map_err(|error| self.failure(&error))?;
        // The mail is taken; how the session ends does not matter any more.
        let _ = connection.quit().await;
        Ok(())
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        let addresses: Vec<SocketAddr> = lookup_host((self.host.as_str(), self.port)).await?.collect();
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn tls(&self) -> Result<TlsParameters, SubmitError> {
        let broken = || SubmitError::Tls { host: self.host.clone() };
        let mut builder = TlsParameters::builder(self.host.clone()).certificate_store(CertificateStore::None);
        for root in self.roots.certificates()? {
            builder =
                builder.add_root_certificate(Certificate::from_der(root.to_vec()).map_err(|_| broken())?);
        }
        builder.build().map_err(|_| broken())
    }

    /// The library's error without what the server said.
    fn failure(&self, error: &Error) -> SubmitError {
        let host = self.host.clone();
        match error.status() {
            Some(code) => SubmitError::Refused { host, code: code.into() },
            None if error.is_tls() => SubmitError::Tls { host },
            None => SubmitError::Broken { host },
        }
    }
}

impl Wire {
    fn to(stream: &TcpStream) -> Self {
        let peer = stream.peer_addr().map(|address| address.ip().to_canonical());
        if peer.is_ok_and(|address| address.is_loopback()) { Self::Cleartext } else { Self::StartTls }
    }
}

/// Our own address, which is always a valid name (RFC 5321 §4.1.3).
fn hello(stream: &TcpStream) -> ClientId {
    match stream.local_addr().map(|address| address.ip().to_canonical()) {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::default(),
    }
}

#[cfg(test)]
mod rfc3207_section_4;
