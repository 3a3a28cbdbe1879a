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

    /// Adds a TLSA record that promises STARTTLS at `host`, with the key that has this SHA-256 digest in hexadecimal
    /// digits (RFC 6698 §2.1, RFC 7672 §3.1.1).
    pub fn tlsa(&mut self, host: &str, spki_sha256: &str) {
        self.record(&format!("_25._tcp.{host}"), "TLSA", &format!("3 1 1 {spki_sha256}"));
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
}
