//! STARTTLS, as with a server elsewhere, though it is on loopback here.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use starttls_testkit::ca::{Authority, Identity, Validity};

use super::*;
use crate::submit::Stamp;

const LONG: Duration = Duration::from_secs(20);

/// Plays one session: cleartext up to STARTTLS, then TLS with this identity. Returns what was heard inside TLS.
fn server(identity: &Identity, greeting: &'static str) -> (SocketAddr, JoinHandle<String>) {
    let pem = identity.pem();
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.write_all(b"220 mx.example.org ESMTP\r\n").unwrap();
        let heard = session(&mut stream, greeting).unwrap_or_default();
        assert!(!heard.contains("MAIL"), "no mail in cleartext: {heard}");
        if !heard.ends_with("STARTTLS\r\n") {
            return String::new();
        }
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), stream);
        session(&mut stream, "250 mx.example.org\r\n").unwrap_or_default()
    });
    (address, thread)
}

/// Answers until STARTTLS or the end.
fn session(stream: &mut (impl Read + Write), greeting: &str) -> io::Result<String> {
    let (mut heard, mut in_data) = (String::new(), false);
    loop {
        let mut line = String::new();
        // One byte at a time, so that nothing of TLS is taken.
        if BufReader::with_capacity(1, &mut *stream).read_line(&mut line)? == 0 {
            return Ok(heard);
        }
        heard.push_str(&line);
        let answer = match line.split_whitespace().next().unwrap_or_default() {
            "." => "250 fine\r\n",
            _ if in_data => continue,
            "EHLO" => greeting,
            "DATA" => "354 go on\r\n",
            _ => "250 fine\r\n",
        };
        in_data = answer.starts_with("354");
        stream.write_all(answer.as_bytes())?;
        stream.flush()?;
        if line.starts_with("STARTTLS") || line.starts_with("QUIT") {
            return Ok(heard);
        }
    }
}

fn submit(address: SocketAddr, ca_pem: &str) -> Result<(), SubmitError> {
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, ca_pem).unwrap();
    let smtp =
        Smtp { host: "localhost".into(), port: address.port(), roots: Roots::Only(vec![ca]), deadline: LONG };
    let (from, to) = ("a@example.org".parse().unwrap(), "b@example.org".parse().unwrap());
    let stamp = Stamp { date: SystemTime::UNIX_EPOCH, token: 1 };
    let mail = Mail::new(from, vec![to], "subject", "body\n", stamp).unwrap();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let stream = TcpStream::connect(address).await.unwrap();
        smtp.converse(stream, Wire::StartTls, &mail).await
    })
}

const OFFERS: &str = "250-mx.example.org\r\n250 STARTTLS\r\n";

#[test]
fn mail_goes_inside_tls_alone() {
    let authority = Authority::new("Root").unwrap();
    let (address, heard) = server(&authority.sign(&["localhost"], Validity::Current).unwrap(), OFFERS);
    submit(address, &authority.pem()).unwrap();
    let heard = heard.join().unwrap();
    assert!(heard.starts_with("EHLO ") && heard.contains("MAIL FROM:<a@example.org>"), "{heard}");
}

#[test]
fn server_without_starttls_gets_no_mail() {
    let authority = Authority::new("Root").unwrap();
    let (address, heard) =
        server(&authority.sign(&["localhost"], Validity::Current).unwrap(), "250 mx.example.org\r\n");
    let error = submit(address, &authority.pem()).unwrap_err();
    assert!(matches!(error, SubmitError::NoStartTls { .. }), "{error:?}");
    heard.join().unwrap();
}

#[test]
fn server_with_a_bad_certificate_gets_no_mail() {
    let (known, unknown) = (Authority::new("Known").unwrap(), Authority::new("Unknown").unwrap());
    for identity in [
        known.sign(&["other.example.org"], Validity::Current).unwrap(),
        known.sign(&["localhost"], Validity::Expired).unwrap(),
        unknown.sign(&["localhost"], Validity::Current).unwrap(),
    ] {
        let (address, heard) = server(&identity, OFFERS);
        let error = submit(address, &known.pem()).unwrap_err();
        assert!(matches!(error, SubmitError::Tls { .. }), "{error:?}");
        assert_eq!(heard.join().unwrap(), "");
    }
}
