//! Policy hosts that serve well and badly. Nothing leaves loopback.
//!
//! Spec: RFC 8461 §3.2 and §3.3.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use starttls_net::dns::{Resolver, ResolverSettings};
use starttls_net::policy_host::{
    Addresses, MAX_BODY_BYTES, PolicyHostError, PolicyHostSettings, PolicyHosts,
};
use starttls_net::roots::Roots;
use starttls_policy::Domain;
use starttls_policy::decide::evidence::Cause;
use starttls_testkit::ca::{Authority, Identity, Validity};
use starttls_testkit::dns::{self, kind};
use starttls_testkit::https::{Behaviour, Server};
use tempfile::TempDir;

const PATH: &str = "/.well-known/mta-sts.txt";

const HOST: &str = "mta-sts.example.test";

const POLICY: &[u8] = b"version: STSv1\nmode: enforce\nmx: mx.example.test\nmax_age: 86400\n";

/// A policy host, the resolver that knows its address, and a client that trusts its authority.
struct World {
    dns: dns::Server,
    https: Server,
    settings: PolicyHostSettings,
    _directory: TempDir,
}

impl World {
    fn new() -> Self {
        Self::with(|authority| authority.sign(&[HOST], Validity::Current).unwrap())
    }

    fn with(identity: impl Fn(&Authority) -> Identity) -> Self {
        let authority = Authority::new("Root").unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        std::fs::write(&path, authority.pem()).unwrap();
        let https = Server::start(&identity(&authority)).unwrap();
        let dns = dns::Server::start().unwrap();
        dns.add(HOST, 60, dns::Data::A(Ipv4Addr::LOCALHOST));
        let settings = PolicyHostSettings {
            roots: Roots::Only(vec![path]),
            addresses: Addresses::Any,
            port: https.address().port(),
            ..PolicyHostSettings::default()
        };
        Self { dns, https, settings, _directory: directory }
    }

    fn serving(behaviour: Behaviour) -> Self {
        let world = Self::new();
        world.https.at(PATH, behaviour);
        world
    }

    async fn fetch(&self) -> Result<Vec<u8>, PolicyHostError> {
        let resolver = ResolverSettings { servers: vec![self.dns.address()], ..ResolverSettings::default() };
        let hosts = PolicyHosts::new(self.settings.clone(), Resolver::new(&resolver));
        hosts.fetch(&Domain::parse("example.test").unwrap()).await
    }

    async fn failure(&self) -> PolicyHostError {
        self.fetch().await.unwrap_err()
    }
}

fn served(headers: &str, body: &[u8]) -> Behaviour {
    Behaviour::raw(&format!("Content-Type: text/plain\r\n{headers}"), body)
}

fn good() -> Behaviour {
    served(&format!("Content-Length: {}\r\n", POLICY.len()), POLICY)
}

mod rfc8461_section_3_2 {
    use super::*;

    #[tokio::test]
    async fn policy_is_fetched_from_its_well_known_place() {
        let world = World::serving(good());
        assert_eq!(world.fetch().await.unwrap(), POLICY);
        let seen = world.https.seen();
        assert_eq!((seen[0].method.as_str(), seen[0].path.as_str(), seen.len()), ("GET", PATH, 1));
        let host = format!("{HOST}:{}", world.settings.port);
        assert_eq!(seen[0].header("host"), Some(host.as_str()));
        assert_eq!(seen[0].header("accept-encoding"), Some("identity"));
    }

    #[tokio::test]
    async fn body_may_be_chunked_or_end_with_the_connection() {
        let chunked = b"6\r\nversio\r\n1\r\nn\r\n0\r\n\r\n";
        let world = World::serving(served("Transfer-Encoding: chunked\r\n", chunked));
        assert_eq!(world.fetch().await.unwrap(), b"version");
        assert_eq!(World::serving(served("", POLICY)).fetch().await.unwrap(), POLICY);
    }

    #[tokio::test]
    async fn other_media_types_are_refused() {
        for (header, want) in [
            ("Content-Type: text/html; charset=utf-8\r\n", Some("text/html; charset=utf-8")),
            ("Content-Type: \x01text/plain\r\n", None),
            ("", None),
        ] {
            let error = World::serving(Behaviour::raw(header, POLICY)).failure().await;
            match error {
                PolicyHostError::MediaType { ref got, .. } => assert_eq!(got.as_deref(), want),
                // The library refuses control characters in headers.
                PolicyHostError::Http { .. } => assert!(header.contains('\x01')),
                other => panic!("{other}"),
            }
            assert_eq!(error.result_type(), "sts-policy-fetch-error");
        }
    }

    #[tokio::test]
    async fn coded_body_is_refused() {
        let error = World::serving(served("Content-Encoding: gzip\r\n", POLICY)).failure().await;
        assert!(matches!(error, PolicyHostError::Coded { ref coding, .. } if coding == "gzip"), "{error}");
        assert!(World::serving(served("Content-Encoding: identity\r\n", POLICY)).fetch().await.is_ok());
    }
}

mod rfc8461_section_3_3 {
    use super::*;

    #[tokio::test]
    async fn certificate_must_name_the_policy_host() {
        let world = World::with(|authority| authority.sign(&["example.test"], Validity::Current).unwrap());
        world.https.at(PATH, good());
        let error = world.failure().await;
        assert!(matches!(error, PolicyHostError::Certificate { .. }), "{error}");
        assert_eq!((error.result_type(), error.cause()), ("sts-webpki-invalid", Cause::Certificate));
        assert_eq!(world.https.seen(), []);
    }

    #[tokio::test]
    async fn certificate_must_be_in_date_and_from_a_trusted_authority() {
        let expired: fn(&Authority) -> Identity = |ca| ca.sign(&[HOST], Validity::Expired).unwrap();
        for identity in [expired, |_| Identity::self_signed(&[HOST]).unwrap()] {
            let error = World::with(identity).failure().await;
            assert_eq!(error.result_type(), "sts-webpki-invalid", "{error}");
        }
    }

    #[tokio::test]
    async fn wildcard_of_one_label_is_accepted() {
        let world = World::with(|authority| authority.sign(&["*.example.test"], Validity::Current).unwrap());
        world.https.at(PATH, good());
        assert!(world.fetch().await.is_ok());
    }

    #[tokio::test]
    async fn no_status_but_200_is_accepted() {
        for status in [201, 204, 206, 304, 404, 500] {
            let error = World::serving(Behaviour::Status(status)).failure().await;
            assert!(matches!(error, PolicyHostError::Status { status: got, .. } if got == status), "{error}");
        }
    }

    #[tokio::test]
    async fn redirects_are_not_followed() {
        let world = World::new();
        world.https.at(PATH, Behaviour::Redirect("/elsewhere".into()));
        world.https.at("/elsewhere", good());
        let error = world.failure().await;
        assert!(matches!(error, PolicyHostError::Status { status: 302, .. }), "{error}");
        assert_eq!(world.https.count("/elsewhere"), 0);
    }

    #[tokio::test]
    async fn body_of_64_kib_is_taken_and_one_byte_more_is_not() {
        let longest = vec![b'a'; MAX_BODY_BYTES];
        assert_eq!(World::serving(served("", &longest)).fetch().await.unwrap().len(), MAX_BODY_BYTES);
        let more = vec![b'a'; MAX_BODY_BYTES + 1];
        let announced = format!("Content-Length: {}\r\n", more.len());
        let enormous = "Content-Length: 18446744073709551615\r\n".to_owned();
        for headers in [String::new(), announced, enormous] {
            let error = World::serving(served(&headers, &more)).failure().await;
            assert!(
                matches!(error, PolicyHostError::TooLarge { .. } | PolicyHostError::Http { .. }),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn body_and_headers_without_end_are_cut_off() {
        let endless = [
            served("Transfer-Encoding: chunked\r\n", &b"1\r\na\r\n".repeat(70_000)),
            Behaviour::EndlessHeaders,
        ];
        for behaviour in endless {
            let error = World::serving(behaviour).failure().await;
            assert!(matches!(error, PolicyHostError::TooLarge { .. }), "{error}");
        }
    }

    #[tokio::test]
    async fn body_that_is_cut_off_is_no_policy() {
        let whole = POLICY.to_vec();
        let headers = "Content-Type: text/plain\r\n".to_owned();
        let short = Behaviour::Truncate { headers, body: whole, sent: 20 };
        // Without a length, only the proper end of the TLS session says that all has come.
        let cut = [b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", POLICY].concat();
        for behaviour in
            [short, Behaviour::Cut(cut), Behaviour::Raw(Vec::new()), Behaviour::Raw(b"SSH-2.0\r\n".to_vec())]
        {
            let error = World::serving(behaviour).failure().await;
            assert!(matches!(error, PolicyHostError::Http { .. }), "{error}");
            assert_eq!(error.result_type(), "sts-policy-fetch-error");
        }
    }

    #[tokio::test]
    async fn silent_and_stalling_hosts_meet_the_deadline() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
        let body = [&head[..], b"Content-Length: 99\r\n\r\nversion: "].concat();
        for behaviour in [Behaviour::Silence, Behaviour::Hang(head.to_vec()), Behaviour::Hang(body)] {
            let mut world = World::serving(behaviour);
            world.settings.deadline = Duration::from_millis(250);
            let error = world.failure().await;
            assert!(matches!(error, PolicyHostError::DeadlinePassed { .. }), "{error}");
            assert_eq!((error.cause(), error.result_type()), (Cause::Timeout, "sts-policy-fetch-error"));
        }
    }
}

mod addresses {
    use super::*;

    #[tokio::test]
    async fn come_from_the_same_resolver_in_both_families() {
        let world = World::serving(good());
        // Nobody listens there: the next address is tried.
        world.dns.add(HOST, 60, dns::Data::Aaaa(Ipv6Addr::LOCALHOST));
        assert!(world.fetch().await.is_ok());
        assert_eq!((world.dns.count(HOST, kind::A), world.dns.count(HOST, kind::AAAA)), (1, 1));
    }

    /// Takes connections on another address of this machine, at the port of the policy host, and never says a word.
    fn mute(world: &World) -> std::net::TcpListener {
        std::net::TcpListener::bind((DEAD, world.settings.port)).unwrap()
    }

    const DEAD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

    /// RFC 8305 §5. With a limit as long as the deadline, one dead address would use up the whole fetch.
    #[tokio::test]
    async fn fault_dead_address_does_not_use_up_the_time_of_the_next_one() {
        let mut world = World::serving(good());
        let _mute = mute(&world);
        world.dns.remove(HOST);
        world.dns.add(HOST, 60, dns::Data::A(DEAD));
        world.dns.add(HOST, 60, dns::Data::A(Ipv4Addr::LOCALHOST));
        world.settings.connect_timeout = world.settings.deadline;
        assert_eq!(world.fetch().await.unwrap(), POLICY);
    }

    /// RFC 8305 §3: the other family is waited for 50 ms, not as long as the resolver has patience.
    #[tokio::test]
    async fn fault_look_up_without_an_answer_does_not_hold_up_the_other_family() {
        let mut world = World::serving(good());
        world.dns.at(HOST, kind::AAAA, dns::Behaviour::Silence);
        // The resolver gives up after the fetch has ended.
        world.settings.deadline = Duration::from_secs(4);
        assert_eq!(world.fetch().await.unwrap(), POLICY);
    }

    #[test]
    fn fault_limit_of_each_step_is_well_below_the_whole() {
        let settings = PolicyHostSettings::default();
        let answer_within = Duration::from_secs(5);
        assert!(settings.connect_timeout * 2 <= answer_within);
        assert!(settings.response_timeout * 2 <= settings.deadline);
    }

    #[tokio::test]
    async fn policy_host_that_stalls_after_the_handshake_meets_the_limit_of_the_response() {
        let mut world = World::serving(Behaviour::Silence);
        world.settings.response_timeout = Duration::from_millis(100);
        let error = world.failure().await;
        assert!(matches!(error, PolicyHostError::DeadlinePassed { .. }), "{error}");
    }

    #[tokio::test]
    async fn one_family_that_cannot_be_looked_up_is_no_trouble() {
        let world = World::serving(good());
        world.dns.at(HOST, kind::AAAA, dns::Behaviour::Rcode(2));
        assert!(world.fetch().await.is_ok());
    }

    #[tokio::test]
    async fn missing_or_unknown_are_two_things() {
        let world = World::new();
        world.dns.remove(HOST);
        assert!(matches!(world.failure().await, PolicyHostError::NoAddress { .. }));
        world.dns.at(HOST, kind::A, dns::Behaviour::Extended(6));
        let error = world.failure().await;
        assert_eq!((error.cause(), error.result_type()), (Cause::Bogus, "sts-policy-fetch-error"));
    }

    #[tokio::test]
    async fn outside_the_public_internet_are_not_called() {
        let mut world = World::serving(good());
        world.settings.addresses = Addresses::Global;
        let error = world.failure().await;
        assert!(matches!(error, PolicyHostError::NotGlobal { .. }), "{error}");
        assert_eq!(world.https.seen(), []);
    }

    #[tokio::test]
    async fn where_nobody_listens_are_a_failure_to_connect() {
        let mut world = World::new();
        // A port that was free a moment ago.
        world.settings.port =
            std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = world.failure().await;
        assert!(matches!(error, PolicyHostError::Connect { .. }), "{error}");
    }
}
