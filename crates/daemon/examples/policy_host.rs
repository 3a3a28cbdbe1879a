//! A policy host for any domain: makes a certificate for each name that it is asked as, and serves an enforcing policy.
//!
//! Usage: policy_host ADDRESS CA_FILE
//!
//! Writes the certificate of its own authority to CA_FILE, then prints `listening ADDRESS`. The policy of `mta-sts.DOMAIN` names
//! the one MX host `mx.DOMAIN`.
//!
//! Spec: RFC 8461 §3.2, §3.3.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustls::ServerConfig;
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use starttls_testkit::ca::{Authority, Key, Validity};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// A client that takes longer is left.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Certificates {
    authority: Authority,
    /// One key for all names: keys are dear, signatures are not.
    key: Key,
    signing: Arc<dyn SigningKey>,
}

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let usage = "usage: policy_host ADDRESS CA_FILE";
    let (address, file) = (arguments.next().context(usage)?, arguments.next().context(usage)?);
    let authority = Authority::new("Policy hosts")?;
    std::fs::write(file, authority.pem())?;
    let key = Key::generate()?;
    let der = PrivateKeyDer::try_from(key.pkcs8()).map_err(anyhow::Error::msg)?;
    let signing = any_supported_type(&der)?;
    let certificates = Certificates { authority, key, signing };
    let settings = ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificates));
    let acceptor = TlsAcceptor::from(Arc::new(settings));
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(address).await?;
        println!("listening {}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            let acceptor = acceptor.clone();
            // Whoever breaks off has what it wanted.
            tokio::spawn(async move { timeout(PATIENCE, serve(stream, acceptor)).await });
        }
    })
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = acceptor.accept(stream).await?;
    let name = stream.get_ref().1.server_name().context("no name")?.to_owned();
    let domain = name.strip_prefix("mta-sts.").unwrap_or(&name);
    let policy = format!("version: STSv1\r\nmode: enforce\r\nmx: mx.{domain}\r\nmax_age: 604800\r\n");
    let (mut request, mut byte) = (Vec::new(), [0; 1024]);
    while !request.ends_with(b"\r\n\r\n") {
        let length = stream.read(&mut byte).await?;
        anyhow::ensure!(length > 0 && request.len() < 16_384, "no request");
        request.extend_from_slice(byte.get(..length).unwrap_or_default());
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        policy.len()
    );
    stream.write_all((head + &policy).as_bytes()).await?;
    Ok(stream.shutdown().await?)
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?;
        let certificate = self.authority.sign_key(&self.key, &[name], Validity::Current).ok()?;
        let chain = vec![CertificateDer::from(certificate)];
        Some(Arc::new(CertifiedKey::new(chain, Arc::clone(&self.signing))))
    }
}
