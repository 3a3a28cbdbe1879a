//! Zone files: the text of a DNS zone, built record by record.
//!
//! Signing and serving it is `starttls_e2e::dns`.
//!
//! Spec: RFC 1035 §5 (the format).

use std::fmt::Write as _;
use std::net::Ipv4Addr;

/// How long resolvers may keep a record, in seconds: short, so that a test may change it.
const TTL: u32 = 60;

/// A zone and its records.
#[derive(Clone, Debug)]
pub struct Zone {
    origin: String,
    records: String,
}

/// The data of a TLSA record (RFC 6698 §2.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tlsa {
    /// Certificate usage, such as 3 for DANE-EE.
    pub usage: u8,
    /// Selector: 0 for the certificate, 1 for its public key.
    pub selector: u8,
    /// Matching type, such as 1 for SHA-256.
    pub matching: u8,
    /// Association data, in hexadecimal digits.
    pub association: String,
}

impl Tlsa {
    /// Binds a server to the key with this SHA-256 digest, in hexadecimal digits (RFC 7672 §3.1.1).
    pub fn key(spki_sha256: &str) -> Self {
        Self { usage: 3, selector: 1, matching: 1, association: spki_sha256.to_owned() }
    }
}

impl Zone {
    /// Begins the zone `origin` (no trailing dot), served by `ns.ORIGIN` at `server`.
    pub fn new(origin: &str, server: Ipv4Addr) -> Self {
        let mut zone = Self { origin: origin.to_owned(), records: String::new() };
        zone.record(origin, "SOA", &format!("ns.{origin}. hostmaster.{origin}. 1 3600 600 86400 {TTL}"));
        zone.record(origin, "NS", &format!("ns.{origin}."));
        zone.a(&format!("ns.{origin}"), server);
        zone
    }

    /// The zone's own name.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The text of the zone file.
    pub fn text(&self) -> &str {
        &self.records
    }

    /// Adds an address.
    pub fn a(&mut self, name: &str, address: Ipv4Addr) {
        self.record(name, "A", &address.to_string());
    }

    /// Adds an MX host: mail for `domain` goes to `host`.
    pub fn mx(&mut self, domain: &str, preference: u16, host: &str) {
        self.record(domain, "MX", &format!("{preference} {host}."));
    }

    /// Adds a null MX record: `domain` takes no mail (RFC 7505 §3).
    pub fn null_mx(&mut self, domain: &str) {
        self.record(domain, "MX", "0 .");
    }

    /// Adds an alias.
    pub fn cname(&mut self, name: &str, target: &str) {
        self.record(name, "CNAME", &format!("{target}."));
    }

    /// Adds a text of at most 255 bytes, none of which is a quotation mark or a backslash.
    pub fn txt(&mut self, name: &str, text: &str) {
        self.record(name, "TXT", &format!("\"{text}\""));
    }

    /// Adds a TLSA record for the TCP port of `host`.
    pub fn tlsa(&mut self, host: &str, port: u16, data: &Tlsa) {
        let Tlsa { usage, selector, matching, association } = data;
        self.record(
            &format!("_{port}._tcp.{host}"),
            "TLSA",
            &format!("{usage} {selector} {matching} {association}"),
        );
    }

    /// Takes out all records of this name and kind (`MX`, `TXT`, …).
    pub fn remove(&mut self, name: &str, kind: &str) {
        let start = format!("{name}. {TTL} IN {kind} ");
        self.records = self.records.split_inclusive('\n').filter(|line| !line.starts_with(&start)).collect();
    }

    fn record(&mut self, name: &str, kind: &str, data: &str) {
        let _ = writeln!(self.records, "{name}. {TTL} IN {kind} {data}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_absolute_names() {
        let mut zone = Zone::new("test", Ipv4Addr::new(127, 0, 0, 54));
        zone.mx("example.test", 10, "mx.example.test");
        zone.a("mx.example.test", Ipv4Addr::LOCALHOST);
        let text = zone.text();
        assert!(text.starts_with("test. 60 IN SOA ns.test. hostmaster.test. 1 "), "{text}");
        assert!(text.contains("\nexample.test. 60 IN MX 10 mx.example.test.\n"), "{text}");
        assert!(text.ends_with("\nmx.example.test. 60 IN A 127.0.0.1\n"), "{text}");
    }
    #[test]
    fn what_is_removed_takes_nothing_else_along() {
        let mut zone = Zone::new("test", Ipv4Addr::new(127, 0, 0, 54));
        let before = zone.text().to_owned();
        zone.txt("a.test", "v=STSv1; id=1;");
        zone.mx("a.test", 10, "mx.test");
        zone.remove("a.test", "TXT");
        assert_eq!(zone.text(), format!("{before}a.test. 60 IN MX 10 mx.test.\n"));
    }

    #[test]
    fn tlsa_record_belongs_to_the_port_of_a_host() {
        let mut zone = Zone::new("test", Ipv4Addr::new(127, 0, 0, 54));
        zone.tlsa("mx.test", 25, &Tlsa::key("00ff"));
        assert!(zone.text().ends_with("\n_25._tcp.mx.test. 60 IN TLSA 3 1 1 00ff\n"), "{}", zone.text());
    }
}
