//! What finding out costs at least: the same DNS questions over one socket, the same HTTPS exchange, and nothing else.
//!
//! Usage: bare KIND RESOLVER CA_FILE KEYS_FILE     KIND is `none`, `dane` or `sts`
//!
//! Prints the CPU time per domain in microseconds. It decides nothing, keeps nothing, has no deadlines and no limits, and takes
//! the first address: whatever does more costs more.
#![expect(clippy::cast_precision_loss, reason = "a measuring tool")]

use std::env;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const A: u16 = 1;
const MX: u16 = 15;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const TLSA: u16 = 52;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [kind, resolver, ca, keys] = arguments.as_slice() else {
        bail!("usage: bare KIND RESOLVER CA_FILE KEYS_FILE")
    };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca)?)?;
    let tls = ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = Arc::new(tls);
    let dns = Dns { socket: UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))? };
    dns.socket.connect(resolver)?;
    let keys = fs::read_to_string(keys)?;
    let begin = cpu_nanos()?;
    for domain in keys.lines() {
        dns.ask(domain, MX)?;
        dns.ask(&format!("_mta-sts.{domain}"), TXT)?;
        dns.ask(&format!("mx.{domain}"), A)?;
        match kind.as_str() {
            "none" => {}
            "dane" => drop(dns.ask(&format!("_25._tcp.mx.{domain}"), TLSA)?),
            "sts" => fetch(&dns, &tls, &format!("mta-sts.{domain}"))?,
            other => bail!("no kind `{other}`"),
        }
    }
    println!("cpu_us={:.2}", (cpu_nanos()? - begin) as f64 / 1000.0 / keys.lines().count() as f64);
    Ok(())
}

struct Dns {
    socket: UdpSocket,
}

impl Dns {
    /// Asks one question and returns the answer as it came.
    fn ask(&self, name: &str, kind: u16) -> Result<Vec<u8>> {
        // RFC 1035 §4.1: id, recursion desired and AD, one question, and one OPT record (RFC 6891 §6.1.2).
        let mut query = vec![0x12, 0x34, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 1];
        for label in name.split('.') {
            query.push(u8::try_from(label.len())?);
            query.extend(label.bytes());
        }
        query.push(0);
        query.extend(kind.to_be_bytes());
        query.extend([0, 1]);
        query.extend([0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]);
        self.socket.send(&query)?;
        let mut answer = vec![0; 1232];
        let length = self.socket.recv(&mut answer)?;
        answer.truncate(length);
        let code = answer.get(3).context("an answer that is cut off")? % 16;
        ensure!(code == 0 || code == 3, "{name}: response code {code}");
        Ok(answer)
    }
}

/// Fetches the policy from the first address of the policy host.
fn fetch(dns: &Dns, tls: &Arc<ClientConfig>, host: &str) -> Result<()> {
    dns.ask(host, AAAA)?;
    let answer = dns.ask(host, A)?;
    // RFC 1035 §4.1: behind header and question, a record whose name points back and whose data are four bytes.
    let at = 12 + host.len() + 2 + 4 + 12;
    let address = answer.get(at..).and_then(|rest| rest.first_chunk::<4>()).context("no address")?;
    let name = ServerName::try_from(host.to_owned())?;
    let stream = TcpStream::connect((Ipv4Addr::from(*address), 443))?;
    stream.set_nodelay(true)?;
    let mut stream = StreamOwned::new(ClientConnection::new(Arc::clone(tls), name)?, stream);
    write!(stream, "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut policy = Vec::new();
    stream.read_to_end(&mut policy)?;
    ensure!(policy.ends_with(b"604800\r\n"), "no policy");
    Ok(())
}

/// CPU time of this thread, the only one.
fn cpu_nanos() -> Result<u64> {
    Ok(fs::read_to_string("/proc/self/schedstat")?.split(' ').next().context("no schedstat")?.parse()?)
}
