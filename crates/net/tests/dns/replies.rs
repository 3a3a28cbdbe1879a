//! What good answers become.
//!
//! Spec: RFC 1035 §3.3, RFC 2308 §2 and §5.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use starttls_net::dns::{Data, Kind, MAX_DENIAL_TTL, MAX_TTL, Outcome};
use starttls_testkit::dns::{self, Behaviour, Transport, kind};

use crate::{found, patient, server};

#[tokio::test]
async fn records_of_each_kind_are_read() {
    let dns = server();
    let name = "all.signed.test";
    dns.add(name, 60, dns::Data::A(Ipv4Addr::new(192, 0, 2, 1)));
    dns.add(name, 60, dns::Data::Aaaa(Ipv6Addr::LOCALHOST));
    dns.add(name, 60, dns::Data::Mx(10, "MX.signed.test".into()));
    dns.add(name, 60, dns::Data::Mx(0, ".".into()));
    dns.add(name, 60, dns::Data::Txt(vec![b"v=STSv1; ".to_vec(), b"id=1;".to_vec()]));
    dns.add(name, 60, dns::Data::Tlsa(vec![3, 1, 1, 0xab]));
    dns.add(name, 60, dns::Data::Raw(kind::DNSKEY, vec![1, 0, 3, 13]));
    let mx = |preference, exchange: &str| Data::Mx { preference, exchange: exchange.into() };
    for (kind, want) in [
        (Kind::A, vec![Data::A(Ipv4Addr::new(192, 0, 2, 1))]),
        (Kind::Aaaa, vec![Data::Aaaa(Ipv6Addr::LOCALHOST)]),
        (Kind::Mx, vec![mx(10, "MX.signed.test"), mx(0, ".")]),
        (Kind::Txt, vec![Data::Txt(b"v=STSv1; id=1;".to_vec())]),
        (Kind::Tlsa, vec![Data::Tlsa(vec![3, 1, 1, 0xab])]),
        (Kind::Dnskey, vec![Data::Other(vec![1, 0, 3, 13])]),
    ] {
        let reply = found(&dns, name, kind).await;
        assert_eq!(reply.records, want);
        assert_eq!((reply.outcome, reply.is_secure()), (Outcome::Found, true));
        assert_eq!((reply.ttl, reply.canonical.as_str()), (Duration::from_mins(1), name));
    }
}

#[tokio::test]
async fn question_wants_the_ad_bit_and_no_signatures() {
    let dns = server();
    found(&dns, "x.signed.test", Kind::Txt).await;
    let asked = dns.asked();
    // RD and AD, not CD.
    assert_eq!((asked[0].flags, asked[0].payload_bytes), (0x0120, Some(1232)));
    assert_eq!((asked[0].transport, asked.len()), (Transport::Udp, 1));
}

#[tokio::test]
async fn shortest_ttl_of_the_records_counts() {
    let dns = server();
    for (ttl, last) in [(300, 1), (60, 2), (86_400, 3)] {
        dns.add("ttl.test", ttl, dns::Data::A(Ipv4Addr::new(192, 0, 2, last)));
    }
    assert_eq!(found(&dns, "ttl.test", Kind::A).await.ttl, Duration::from_mins(1));
}

#[tokio::test]
async fn absurd_ttl_is_capped_or_zero() {
    let dns = server();
    dns.add("long.test", 0x7fff_ffff, dns::Data::text("x"));
    dns.add("negative.test", 0x8000_0000, dns::Data::text("x"));
    assert_eq!(found(&dns, "long.test", Kind::Txt).await.ttl, MAX_TTL);
    assert_eq!(found(&dns, "negative.test", Kind::Txt).await.ttl, Duration::ZERO);
}

#[tokio::test]
async fn no_data_and_no_such_name_are_two_things() {
    let dns = server();
    dns.add("here.signed.test", 60, dns::Data::text("x"));
    let nothing = found(&dns, "here.signed.test", Kind::Mx).await;
    assert_eq!((nothing.outcome, nothing.is_secure()), (Outcome::NoData, true));
    let nobody = found(&dns, "gone.signed.test", Kind::Mx).await;
    assert_eq!((nobody.outcome, nobody.is_secure()), (Outcome::NxDomain, true));
    let unsigned = found(&dns, "gone.unsigned.test", Kind::Mx).await;
    assert_eq!((unsigned.outcome, unsigned.is_secure()), (Outcome::NxDomain, false));
    assert!(nothing.records.is_empty() && nobody.records.is_empty());
}

#[tokio::test]
async fn denial_lasts_as_the_soa_record_says() {
    let dns = server();
    for ((ttl, minimum), want) in [
        ((3600, 300), Duration::from_mins(5)),
        ((60, 300), Duration::from_mins(1)),
        ((0, 300), Duration::ZERO),
        ((604_800, 604_800), MAX_DENIAL_TTL),
    ] {
        dns.soa(ttl, minimum);
        assert_eq!(found(&dns, "gone.test", Kind::A).await.ttl, want);
    }
}

#[tokio::test]
async fn denial_without_a_soa_record_is_not_to_be_kept() {
    let dns = server();
    dns.at("gone.test", kind::A, Behaviour::DenialWithoutSoa);
    let reply = found(&dns, "gone.test", Kind::A).await;
    assert_eq!((reply.outcome, reply.ttl), (Outcome::NxDomain, Duration::ZERO));
}

#[tokio::test]
async fn answer_that_does_not_fit_is_asked_for_over_tcp() {
    let dns = server();
    dns.at("big.signed.test", kind::TXT, Behaviour::Truncated);
    for number in 0..100_u8 {
        dns.add("big.signed.test", 60, dns::Data::Txt(vec![vec![number; 255]]));
    }
    let reply = found(&dns, "big.signed.test", Kind::Txt).await;
    assert_eq!((reply.records.len(), reply.is_secure()), (100, true));
    assert_eq!(reply.records[99], Data::Txt(vec![99; 255]));
    let ways: Vec<_> = dns.asked().iter().map(|asked| asked.transport).collect();
    assert_eq!(ways, [Transport::Udp, Transport::Tcp]);
}

#[tokio::test]
async fn many_questions_at_once_get_their_own_answers() {
    let dns = server();
    for number in 0..200_u8 {
        dns.add(&format!("n{number}.test"), 60, dns::Data::A(Ipv4Addr::new(192, 0, 2, number)));
    }
    let resolver = patient(&dns);
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..200_u8 {
        let resolver = resolver.clone();
        asking.spawn(async move { (number, resolver.query(&format!("n{number}.test"), Kind::A).await) });
    }
    for (number, reply) in asking.join_all().await {
        assert_eq!(reply.unwrap().records, [Data::A(Ipv4Addr::new(192, 0, 2, number))]);
    }
}
