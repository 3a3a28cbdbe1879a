//! Discovery against a DNS server and a policy host that answer well and badly. Nothing leaves loopback.
#![expect(clippy::unwrap_used, reason = "a test")]

mod mx;
mod sts;
mod survey;
mod tlsa;
mod validation;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use starttls_discover::{Discovering as _, Live, LiveSettings, MxLookup, Probe, RecordLookup, TlsaLookup};
use starttls_net::dns::ResolverSettings;
use starttls_net::policy_host::{Addresses, PolicyHostSettings};
use starttls_net::roots::Roots;
use starttls_policy::{Domain, MxHost};
use starttls_testkit::ca::{Authority, Validity};
use starttls_testkit::dns::{Behaviour, Data, Server, kind};
use starttls_testkit::https;
use tempfile::TempDir;

/// A TLSA record that is usable for SMTP.
const USABLE: [u8; 35] = {
    let mut record = [7; 35];
    record[0] = 3;
    record[1] = 1;
    record[2] = 1;
    record
};

/// One that is not: a public authority, and no digest.
const UNUSABLE: [u8; 4] = [0, 0, 1, 7];

const POLICY_PATH: &str = "/.well-known/mta-sts.txt";

/// The outside, and one who asks it.
struct World {
    dns: Server,
    https: https::Server,
    settings: LiveSettings,
    _directory: TempDir,
}

impl World {
    /// `test` is signed, `unsigned.test` is not; nothing else is there.
    fn new() -> Self {
        let dns = Server::start().unwrap();
        dns.signed("test");
        dns.signed(".");
        dns.unsigned("unsigned.test");
        let authority = Authority::new("Root").unwrap();
        let directory = tempfile::tempdir().unwrap();
        let ca = directory.path().join("ca.pem");
        std::fs::write(&ca, authority.pem()).unwrap();
        let names = ["mta-sts.example.test", "mta-sts.unsigned.test"];
        let https = https::Server::start(&authority.sign(&names, Validity::Current).unwrap()).unwrap();
        let settings = LiveSettings {
            resolver: ResolverSettings {
                servers: vec![dns.address()],
                // For the tests in which nobody answers.
                attempt_timeout: Duration::from_millis(200),
                ..ResolverSettings::default()
            },
            policy_host: PolicyHostSettings {
                roots: Roots::Only(vec![ca]),
                addresses: Addresses::Any,
                port: https.address().port(),
                ..PolicyHostSettings::default()
            },
            probe: Probe::default(),
        };
        Self { dns, https, settings, _directory: directory }
    }

    fn live(&self) -> Live {
        Live::new(self.settings.clone())
    }

    fn mx(&self, domain: &str, preference: u16, host: &str) {
        self.dns.add(domain, 300, Data::Mx(preference, host.into()));
    }

    fn a(&self, name: &str) {
        self.dns.add(name, 300, Data::A(Ipv4Addr::new(192, 0, 2, 1)));
    }

    fn aaaa(&self, name: &str) {
        self.dns.add(name, 300, Data::Aaaa(Ipv6Addr::LOCALHOST));
    }

    fn alias(&self, name: &str, target: &str) {
        self.dns.add(name, 300, Data::Cname(target.into()));
    }

    /// A TLSA record for the host `host` at port 25.
    fn tlsa_of(&self, host: &str, record: &[u8]) {
        self.dns.add(&format!("_25._tcp.{host}"), 300, Data::Tlsa(record.to_vec()));
    }

    fn tlsa_fails(&self, host: &str, behaviour: Behaviour) {
        self.dns.at(&format!("_25._tcp.{host}"), kind::TLSA, behaviour);
    }

    fn tlsa_count(&self, host: &str) -> usize {
        self.dns.count(&format!("_25._tcp.{host}"), kind::TLSA)
    }

    async fn mx_of(&self, domain: &str) -> MxLookup {
        self.live().mx(&Domain::parse(domain).unwrap()).await
    }

    async fn tlsa(&self, host: &str) -> TlsaLookup {
        self.live().tlsa(&MxHost::parse(host).unwrap(), 25).await
    }

    async fn record(&self, domain: &str) -> RecordLookup {
        self.live().sts_record(&Domain::parse(domain).unwrap()).await
    }
}
