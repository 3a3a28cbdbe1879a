//! What discovery costs: processor time of the asking thread for each domain, against servers on other threads.
//!
//!     cargo run --release -p starttls-discover --example cost
//!
//! Prints microseconds of CPU time for each domain, the median of five rounds; kernel time is included.
#![expect(clippy::unwrap_used, reason = "a measurement")]

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use starttls_discover::{Discovering as _, Live, LiveSettings, Probe};
use starttls_net::dns::{Kind, Resolver, ResolverSettings};
use starttls_net::policy_host::{Addresses, PolicyHostSettings};
use starttls_net::roots::Roots;
use starttls_policy::{Domain, MxHost};
use starttls_testkit::ca::{Authority, Validity};
use starttls_testkit::dns::{Data, Server};
use starttls_testkit::https;
use tokio::task::JoinSet;

const ROUNDS: usize = 5;

const FLOOR_FETCHES: u64 = 500;

const POLICY: &str = "version: STSv1\nmode: enforce\nmx: mx.test\nmax_age: 86400\n";

fn main() {
    let dns = Server::start().unwrap();
    dns.signed("test");
    for domain in ["dane.test", "none.test", "sts.test"] {
        dns.add(domain, 300, Data::Mx(10, format!("mx.{domain}")));
        dns.add(&format!("mx.{domain}"), 300, Data::A(Ipv4Addr::LOCALHOST));
    }
    dns.unsigned("none.test");
    dns.unsigned("sts.test");
    let tlsa = [&[3, 1, 1][..], &[7; 32]].concat();
    dns.add("_25._tcp.mx.dane.test", 300, Data::Tlsa(tlsa));
    dns.add("_mta-sts.sts.test", 300, Data::text("v=STSv1; id=1;"));
    dns.add("mta-sts.sts.test", 300, Data::A(Ipv4Addr::LOCALHOST));
    let authority = Authority::new("Root").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let https =
        https::Server::start(&authority.sign(&["mta-sts.sts.test"], Validity::Current).unwrap()).unwrap();
    let behaviour = https::Behaviour::raw("Content-Type: text/plain\r\n", POLICY.as_bytes());
    https.at("/.well-known/mta-sts.txt", behaviour);
    let resolver = ResolverSettings { servers: vec![dns.address()], ..ResolverSettings::default() };
    let policy_host = PolicyHostSettings {
        roots: Roots::Only(vec![ca]),
        addresses: Addresses::Any,
        port: https.address().port(),
        ..PolicyHostSettings::default()
    };
    let asking = Resolver::new(&resolver);
    let start = (Instant::now(), cpu_ns());
    let everywhere = PolicyHostSettings::default();
    let _ = Live::new(LiveSettings {
        resolver: resolver.clone(),
        policy_host: everywhere,
        ..LiveSettings::default()
    });
    println!(
        "set-up with the system's roots: {:?}, {} µs CPU",
        start.0.elapsed(),
        (cpu_ns() - start.1) / 1000
    );
    let live = Live::new(LiveSettings { resolver, policy_host, probe: Probe::default() });

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    floor(&authority.pem(), https.address());
    runtime.block_on(async {
        for at_once in [1, 64] {
            println!("{at_once} at a time, µs of CPU time each:");
            let resolver = asking.clone();
            let one = move || {
                let resolver = resolver.clone();
                async move { drop(resolver.query("mx.none.test", Kind::A).await.unwrap()) }
            };
            report("one question", at_once, 4000, one).await;
            for (what, domain) in
                [("neither (MX, A, TXT)", "none.test"), ("DANE (MX, A, TLSA, TXT)", "dane.test")]
            {
                let live = live.clone();
                report(what, at_once, 2000, move || discover(live.clone(), domain)).await;
            }
            let live = live.clone();
            report("MTA-STS (and AAAA, A, HTTPS)", at_once, 500, move || discover(live.clone(), "sts.test"))
                .await;
        }
    });
}

async fn discover(live: Live, domain: &'static str) {
    let domain = Domain::parse(domain).unwrap();
    let host = MxHost::parse(&format!("mx.{domain}")).unwrap();
    let dane = async {
        live.mx(&domain).await;
        live.tlsa(&host, 25).await
    };
    let sts = async {
        if domain.as_str() == "sts.test" {
            live.sts_record(&domain).await;
            live.sts_policy(&domain).await.unwrap();
        } else {
            live.sts_record(&domain).await;
        }
    };
    tokio::join!(dane, sts);
}

async fn report<F: Future<Output = ()> + Send + 'static>(
    what: &str,
    at_once: usize,
    times: u64,
    make: impl Fn() -> F,
) {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let before = cpu_ns();
        let mut running = JoinSet::new();
        for _ in 0..times {
            if running.len() == at_once {
                running.join_next().await.unwrap().unwrap();
            }
            running.spawn(make());
        }
        while let Some(done) = running.join_next().await {
            done.unwrap();
        }
        rounds.push((cpu_ns() - before) / times);
    }
    rounds.sort_unstable();
    let micros = |ns: u64| format!("{}.{}", ns / 1000, ns % 1000 / 100);
    println!(
        "  {what:30} {:>7}   ({} to {})",
        micros(rounds[ROUNDS / 2]),
        micros(rounds[0]),
        micros(rounds[ROUNDS - 1])
    );
}

/// The least that a fetch can cost: TLS without a runtime and HTTP without a library.
fn floor(ca: &str, address: SocketAddr) {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Each domain is another server: no session is ever resumed.
    config.resumption = Resumption::disabled();
    let config = Arc::new(config);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let before = cpu_ns();
        for _ in 0..FLOOR_FETCHES {
            let name = "mta-sts.sts.test".try_into().unwrap();
            let session = ClientConnection::new(Arc::clone(&config), name).unwrap();
            let mut stream = StreamOwned::new(session, TcpStream::connect(address).unwrap());
            stream
                .write_all(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.sts.test\r\n\r\n")
                .unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            assert!(answer.ends_with(POLICY.as_bytes()));
        }
        rounds.push((cpu_ns() - before) / FLOOR_FETCHES);
    }
    rounds.sort_unstable();
    println!("a fetch by bare TLS: {} µs of CPU time", rounds[ROUNDS / 2] / 1000);
}

/// CPU time of this thread so far.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}
