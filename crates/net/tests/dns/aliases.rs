//! Aliases, in one answer or asked for one by one.
//!
//! Spec: RFC 7672 §2.1.3, RFC 2308 §2.1.

use std::net::Ipv4Addr;
use std::time::Duration;

use starttls_net::dns::{Data, Kind, Outcome};
use starttls_policy::decide::evidence::Cause;
use starttls_testkit::dns::{self, Behaviour, Server, kind};

use crate::{failure, found, server};

fn alias(dns: &Server, name: &str, ttl: u32, target: &str) {
    dns.add(name, ttl, dns::Data::Cname(target.into()));
}

#[tokio::test]
async fn chain_leads_to_the_records_and_their_name() {
    let dns = server();
    alias(&dns, "a.signed.test", 30, "B.signed.test");
    alias(&dns, "b.signed.test", 600, "c.signed.test");
    dns.add("c.signed.test", 60, dns::Data::A(Ipv4Addr::LOCALHOST));
    let reply = found(&dns, "a.signed.test", Kind::A).await;
    assert_eq!(reply.records, [Data::A(Ipv4Addr::LOCALHOST)]);
    assert_eq!((reply.canonical.as_str(), reply.ttl), ("c.signed.test", Duration::from_secs(30)));
    assert!(reply.is_secure());
}

#[tokio::test]
async fn question_for_the_alias_itself_does_not_follow_it() {
    let dns = server();
    alias(&dns, "a.signed.test", 30, "gone.test");
    let reply = found(&dns, "a.signed.test", Kind::Cname).await;
    assert_eq!(reply.records, [Data::Cname("gone.test".into())]);
    assert_eq!((reply.canonical.as_str(), reply.is_secure()), ("a.signed.test", true));
}

#[tokio::test]
async fn denial_behind_an_alias_is_about_the_target() {
    let dns = server();
    alias(&dns, "a.signed.test", 10, "gone.signed.test");
    let reply = found(&dns, "a.signed.test", Kind::A).await;
    assert_eq!((reply.outcome, reply.canonical.as_str()), (Outcome::NxDomain, "gone.signed.test"));
    assert_eq!(reply.ttl, Duration::from_secs(10));
}

#[tokio::test]
async fn alias_alone_is_followed_by_a_question_of_our_own() {
    let dns = server();
    alias(&dns, "a.signed.test", 30, "b.signed.test");
    dns.add("b.signed.test", 60, dns::Data::A(Ipv4Addr::LOCALHOST));
    dns.at("a.signed.test", kind::A, Behaviour::AliasAlone);
    let reply = found(&dns, "a.signed.test", Kind::A).await;
    assert_eq!((reply.canonical.as_str(), reply.ttl), ("b.signed.test", Duration::from_secs(30)));
    assert!(reply.is_found() && reply.is_secure());
}

#[tokio::test]
async fn one_insecure_alias_makes_everything_behind_it_insecure() {
    let dns = server();
    alias(&dns, "a.unsigned.test", 30, "b.signed.test");
    dns.add("b.signed.test", 60, dns::Data::A(Ipv4Addr::LOCALHOST));
    for behaviour in [Behaviour::Well, Behaviour::AliasAlone] {
        dns.at("a.unsigned.test", kind::A, behaviour);
        let reply = found(&dns, "a.unsigned.test", Kind::A).await;
        assert!(reply.is_found() && !reply.is_secure());
    }
}

#[tokio::test]
async fn failure_behind_an_alias_is_a_failure_of_the_whole() {
    let dns = server();
    alias(&dns, "a.signed.test", 30, "b.signed.test");
    dns.at("a.signed.test", kind::A, Behaviour::AliasAlone);
    dns.at("b.signed.test", kind::A, Behaviour::Rcode(2));
    assert_eq!(failure(&dns, "a.signed.test", Kind::A).await.cause, Cause::Failure);
}

#[tokio::test]
async fn eight_aliases_are_followed_and_not_nine() {
    let dns = server();
    for (start, hops) in [("eight", 8), ("nine", 9)] {
        for hop in 0..hops {
            let name = if hop == 0 { format!("{start}.test") } else { format!("{start}{hop}.test") };
            alias(&dns, &name, 60, &format!("{start}{}.test", hop + 1));
        }
        dns.add(&format!("{start}{hops}.test"), 60, dns::Data::A(Ipv4Addr::LOCALHOST));
    }
    assert!(found(&dns, "eight.test", Kind::A).await.is_found());
    assert_eq!(failure(&dns, "nine.test", Kind::A).await.words, "more than 8 aliases in a row");
}

#[tokio::test]
async fn loop_of_aliases_ends() {
    let dns = server();
    alias(&dns, "a.test", 60, "b.test");
    alias(&dns, "b.test", 60, "a.test");
    assert_eq!(failure(&dns, "a.test", Kind::A).await.cause, Cause::Failure);
    for name in ["a.test", "b.test"] {
        dns.at(name, kind::A, Behaviour::AliasAlone);
    }
    assert_eq!(failure(&dns, "a.test", Kind::A).await.words, "more than 8 aliases in a row");
}
