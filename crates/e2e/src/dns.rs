//! DNS of the lab: NSD serves the zones, Unbound validates them and answers every server.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use starttls_testkit::zone::Zone;

use crate::log::wait_for;
use crate::network::{output, run};
use crate::site::Site;
use crate::tree::Tree;

/// Where NSD serves the zones.
pub const AUTHORITY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 54);

/// Where Unbound answers.
pub const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 53);

/// The port of NSD: not 53, so that nobody asks it by accident.
const AUTHORITY_PORT: u16 = 5300;

/// Whether a zone is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signing {
    /// By keys that the resolver trusts.
    Signed,
    /// Not at all.
    Unsigned,
}

/// The running servers; they end when this goes.
#[derive(Debug)]
pub struct Dns {
    servers: Vec<Child>,
}

impl Dns {
    /// Signs and serves `zones`, and waits until the resolver answers for each.
    ///
    /// # Errors
    /// When a key cannot be made, a zone is refused, or a server does not come up.
    pub fn start(tree: &Tree, site: &Site, zones: &[(Zone, Signing)]) -> Result<Self> {
        let mut anchors = String::new();
        for (zone, signing) in zones {
            site.write(&zone_file(zone), zone.text())?;
            if *signing == Signing::Signed {
                anchors += &sign(tree, site, zone)?;
            }
        }
        site.write("/lab/dns/anchors", &anchors)?;
        site.write("/lab/dns/nsd.conf", &authority_settings(zones))?;
        site.write("/lab/dns/unbound.conf", &resolver_settings(zones))?;
        // Without `trust-ad` the resolver library would hide the answer's AD bit from the mail server.
        site.write("/lab/resolv.conf", &format!("nameserver {RESOLVER}\noptions trust-ad edns0\n"))?;
        site.write("/lab/hosts", "127.0.0.1 localhost\n")?;
        let dns = Self {
            servers: vec![
                tree.shell("exec nsd -d -c /lab/dns/nsd.conf 2>/lab/dns/nsd.err")
                    .stdin(Stdio::null())
                    .spawn()?,
                tree.shell("exec unbound -d -c /lab/dns/unbound.conf 2>/lab/dns/unbound.err")
                    .stdin(Stdio::null())
                    .spawn()?,
            ],
        };
        for (zone, signing) in zones {
            let answer =
                wait_for(&format!("answer for {}", zone.origin()), || Ok(ask_soa(zone.origin()).ok()))?;
            ensure!(answer == *signing, "the resolver takes {} for {answer:?}", zone.origin());
        }
        Ok(dns)
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn zone_file(zone: &Zone) -> String {
    format!("/lab/dns/{}.zone", zone.origin())
}

/// Signs a zone in place and returns the DS record of its key.
fn sign(tree: &Tree, site: &Site, zone: &Zone) -> Result<String> {
    let origin = zone.origin();
    let keygen = "ldns-keygen -r /dev/urandom -a ECDSAP256SHA256";
    let line = format!("cd /lab/dns; {keygen} -k {origin}; {keygen} {origin}");
    let names = output(&mut tree.shell(&line))?;
    let mut names = names.lines();
    let (key_key, zone_key) = (names.next().context("no key")?, names.next().context("no key")?);
    let file = zone_file(zone);
    run(&mut tree.shell(&format!("cd /lab/dns; ldns-signzone -f {file} {file} {key_key} {zone_key}")))?;
    site.read(&format!("/lab/dns/{key_key}.ds"))
}

fn authority_settings(zones: &[(Zone, Signing)]) -> String {
    let mut text = format!(
        "server:\n ip-address: {AUTHORITY}@{AUTHORITY_PORT}\n username: \"\"\n database: \"\"\n\
         zonesdir: \"/lab/dns\"\n pidfile: \"/lab/dns/nsd.pid\"\n xfrdfile: \"/lab/dns/xfrd.state\"\n\
         zonelistfile: \"/lab/dns/zone.list\"\n xfrdir: \"/lab/dns\"\n server-count: 1\n\
         remote-control:\n control-enable: no\n"
    );
    for (zone, _) in zones {
        let _ = write!(text, "zone:\n name: \"{}\"\n zonefile: \"{}\"\n", zone.origin(), zone_file(zone));
    }
    text
}

fn resolver_settings(zones: &[(Zone, Signing)]) -> String {
    let mut text = format!(
        "server:\n interface: {RESOLVER}\n username: \"\"\n chroot: \"\"\n directory: \"/lab/dns\"\n\
         pidfile: \"/lab/dns/unbound.pid\"\n use-syslog: no\n do-daemonize: no\n num-threads: 1\n\
         do-not-query-localhost: no\n qname-minimisation: no\n trust-anchor-file: \"/lab/dns/anchors\"\n"
    );
    for (zone, signing) in zones {
        // RFC 6761 §6.2: `test` would be answered locally otherwise.
        let _ = writeln!(text, " local-zone: \"{}.\" nodefault", zone.origin());
        if *signing == Signing::Unsigned {
            let _ = writeln!(text, " domain-insecure: \"{}.\"", zone.origin());
        }
    }
    text += "remote-control:\n control-enable: no\n";
    for (zone, _) in zones {
        let _ = writeln!(
            text,
            "stub-zone:\n name: \"{}.\"\n stub-addr: {AUTHORITY}@{AUTHORITY_PORT}",
            zone.origin()
        );
    }
    text
}

/// Asks the resolver for a zone's SOA record; the AD bit of the answer tells whether it was validated.
fn ask_soa(origin: &str) -> Result<Signing> {
    // RFC 1035 §4.1.1: id 1, recursion desired; RFC 6840 §5.7: AD asks for the AD bit. One question.
    let mut query = vec![0, 1, 0x01, 0x20, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in origin.split('.') {
        query.push(u8::try_from(label.len())?);
        query.extend(label.bytes());
    }
    query.extend([0, 0, 6, 0, 1]);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    socket.send_to(&query, SocketAddrV4::new(RESOLVER, 53))?;
    let mut answer = [0; 4096];
    let length = socket.recv(&mut answer)?;
    let header = answer[..length].first_chunk::<12>().context("a truncated answer")?;
    let rcode = header[3] % 16;
    ensure!(rcode == 0 && header[7] > 0, "no such zone");
    Ok(if header[3] & 0x20 == 0 { Signing::Unsigned } else { Signing::Signed })
}
