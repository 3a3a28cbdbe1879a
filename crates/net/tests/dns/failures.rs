//! Servers that fail or are silent.
//!
//! Spec: RFC 7672 §2.1.2, RFC 8914 §4.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use starttls_net::dns::{Kind, Resolver, ResolverSettings};
use starttls_policy::decide::evidence::Cause;
use starttls_testkit::dns::{Behaviour, Data, Gate, Server, kind};

use crate::{LONG, SHORT, failure, hasty, resolver, server};

#[tokio::test]
async fn servfail_is_a_failure_and_asked_for_once() {
    let dns = server();
    for (rcode, words) in [(1, "FORMERR"), (2, "SERVFAIL"), (4, "NOTIMP"), (5, "REFUSED")] {
        dns.at("bad.test", kind::MX, Behaviour::Rcode(rcode));
        let failure = failure(&dns, "bad.test", Kind::Mx).await;
        assert_eq!((failure.cause, failure.words.as_str()), (Cause::Failure, words));
        assert_eq!(failure.server, Some(dns.address()));
    }
    // No retry of the same server: its answer would be the same, and mail waits.
    assert_eq!(dns.count("bad.test", kind::MX), 4);
}

#[tokio::test]
async fn signatures_that_do_not_hold_are_told_apart() {
    let dns = server();
    for code in 6..=12 {
        dns.at("bogus.test", kind::MX, Behaviour::Extended(code));
        let failure = failure(&dns, "bogus.test", Kind::Mx).await;
        assert_eq!(failure.cause, Cause::Bogus);
        assert!(failure.words.contains(&format!("extended error {code}")), "{failure}");
    }
    for code in [0, 5, 13, 22] {
        dns.at("bogus.test", kind::MX, Behaviour::Extended(code));
        assert_eq!(failure(&dns, "bogus.test", Kind::Mx).await.cause, Cause::Failure);
    }
}

#[tokio::test]
async fn silent_server_is_tried_as_often_as_set() {
    let dns = server();
    dns.at("silent.test", kind::A, Behaviour::Silence);
    assert_eq!(failure(&dns, "silent.test", Kind::A).await.cause, Cause::Timeout);
    assert_eq!(dns.count("silent.test", kind::A), 3);
}

#[tokio::test]
async fn deadline_ends_all_attempts() {
    let dns = server();
    dns.at("silent.test", kind::A, Behaviour::Silence);
    let settings = ResolverSettings {
        servers: vec![dns.address()],
        attempt_timeout: LONG,
        deadline: SHORT,
        ..ResolverSettings::default()
    };
    let start = Instant::now();
    let failure = Resolver::new(&settings).query("silent.test", Kind::A).await.unwrap_err();
    assert_eq!(failure.cause, Cause::Timeout);
    assert!(start.elapsed() < LONG / 2);
}

#[tokio::test]
async fn next_server_answers_for_one_that_fails_or_is_silent() {
    for behaviour in
        [Behaviour::Rcode(2), Behaviour::Rcode(5), Behaviour::Silence, Behaviour::Garbage(vec![1])]
    {
        let (bad, good) = (server(), server());
        bad.at("x.signed.test", kind::A, behaviour);
        good.add("x.signed.test", 60, Data::A(Ipv4Addr::LOCALHOST));
        let reply = resolver(&[bad.address(), good.address()], SHORT).query("x.signed.test", Kind::A).await;
        assert!(reply.unwrap().is_found());
    }
}

#[tokio::test]
async fn bad_signatures_outweigh_the_silence_of_another() {
    let (bogus, silent) = (server(), server());
    bogus.at("x.test", kind::A, Behaviour::Extended(6));
    silent.at("x.test", kind::A, Behaviour::Silence);
    let both = resolver(&[bogus.address(), silent.address()], SHORT);
    assert_eq!(both.query("x.test", Kind::A).await.unwrap_err().cause, Cause::Bogus);
}

#[tokio::test]
async fn nobody_there_is_a_failure_at_once() {
    let gone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let failure = resolver(&[address], LONG).query("x.test", Kind::A).await.unwrap_err();
    assert_eq!(failure.cause, Cause::Failure);
    assert!(failure.to_string().contains(&address.to_string()), "{failure}");
}

#[tokio::test]
async fn no_server_at_all_is_a_failure() {
    let failure = resolver(&[], LONG).query("x.test", Kind::A).await.unwrap_err();
    assert_eq!(failure.words, "no resolver is set");
}

#[tokio::test]
async fn connection_that_is_closed_is_a_failure() {
    let dns = server();
    dns.at("cut.test", kind::TXT, Behaviour::TruncatedThenClosed);
    assert_eq!(failure(&dns, "cut.test", Kind::Txt).await.cause, Cause::Failure);
}

#[tokio::test]
async fn late_answer_is_not_taken_for_the_next_question() {
    let dns = server();
    let gate = Gate::default();
    dns.at("late.test", kind::A, Behaviour::Held(gate.clone()));
    dns.add("late.test", 60, Data::A(Ipv4Addr::new(192, 0, 2, 1)));
    dns.add("next.test", 60, Data::A(Ipv4Addr::new(192, 0, 2, 2)));
    let resolver = hasty(&dns);
    assert_eq!(resolver.query("late.test", Kind::A).await.unwrap_err().cause, Cause::Timeout);
    gate.open();
    for _ in 0..20 {
        let reply = resolver.query("next.test", Kind::A).await.unwrap();
        assert_eq!(reply.records, [starttls_net::dns::Data::A(Ipv4Addr::new(192, 0, 2, 2))]);
    }
}

#[tokio::test]
async fn questions_beyond_the_bound_wait_within_their_deadline() {
    let dns = server();
    let gate = Gate::default();
    dns.at("held.test", kind::A, Behaviour::Held(gate.clone()));
    let settings = ResolverSettings {
        servers: vec![dns.address()],
        max_parallel: 1,
        attempt_timeout: LONG,
        deadline: Duration::from_millis(300),
        ..ResolverSettings::default()
    };
    let resolver = Resolver::new(&settings);
    let (first, second) =
        tokio::join!(resolver.query("held.test", Kind::A), resolver.query("other.test", Kind::A));
    assert_eq!((first.unwrap_err().cause, second.unwrap_err().cause), (Cause::Timeout, Cause::Timeout));
    assert_eq!(dns.count("other.test", kind::A), 0);
    gate.open();
}

/// A server that has stopped answering whatever is asked, and one that answers.
fn dead_and_alive(behaviour: &Behaviour) -> (Server, Server) {
    let (dead, alive) = (server(), server());
    for (name, kind) in [("x.test", kind::A), (".", kind::SOA)] {
        dead.at(name, kind, behaviour.clone());
    }
    alive.add("x.test", 60, Data::A(Ipv4Addr::LOCALHOST));
    (dead, alive)
}

fn retrying(servers: &[&Server], retry_after: Duration) -> Resolver {
    let servers = servers.iter().map(|server| server.address()).collect();
    let defaults = ResolverSettings::default();
    Resolver::new(&ResolverSettings {
        servers,
        attempt_timeout: SHORT,
        retry_after,
        deadline: LONG,
        ..defaults
    })
}

/// Asks until the first server counts as dead, or as alive.
async fn ask_until(resolver: &Resolver, is_dead: bool) {
    let begun = Instant::now();
    while resolver.states()[0].1.is_some() != is_dead {
        assert!(begun.elapsed() < LONG, "{:?}", resolver.states());
        assert!(resolver.query("x.test", Kind::A).await.unwrap().is_found());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn fault_15_dead_server_is_skipped_and_asked_again_once_it_answers() {
    for (behaviour, words) in
        [(Behaviour::Silence, "in time"), (Behaviour::Rcode(5), "REFUSED"), (Behaviour::Rcode(1), "FORMERR")]
    {
        let (dead, alive) = dead_and_alive(&behaviour);
        let resolver = retrying(&[&dead, &alive], SHORT);
        ask_until(&resolver, true).await;
        assert!(resolver.states()[0].1.as_ref().unwrap().contains(words), "{:?}", resolver.states());
        let asked = dead.count("x.test", kind::A);
        for _ in 0..10 {
            assert!(resolver.query("x.test", Kind::A).await.unwrap().is_found());
        }
        assert_eq!(dead.count("x.test", kind::A), asked);
        dead.at("x.test", kind::A, Behaviour::Well);
        dead.add("x.test", 60, Data::A(Ipv4Addr::LOCALHOST));
        dead.at(".", kind::SOA, Behaviour::Well);
        ask_until(&resolver, false).await;
    }
}

#[tokio::test]
async fn fault_15_the_only_server_is_asked_even_when_it_is_dead() {
    let (dead, _) = dead_and_alive(&Behaviour::Rcode(5));
    let resolver = retrying(&[&dead], LONG);
    let begun = Instant::now();
    while resolver.states()[0].1.is_none() {
        assert!(begun.elapsed() < LONG);
        assert!(resolver.query("x.test", Kind::A).await.is_err());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    dead.at("x.test", kind::A, Behaviour::Well);
    assert!(resolver.query("x.test", Kind::A).await.is_ok());
    assert_eq!(resolver.states()[0].1, None);
}

#[tokio::test]
async fn fault_9_server_that_refuses_soon_after_it_was_back_is_dead_although_nobody_asks_on() {
    let (dead, _) = dead_and_alive(&Behaviour::Rcode(1));
    let resolver = retrying(&[&dead], SHORT);
    let begun = Instant::now();
    while resolver.states()[0].1.is_none() {
        assert!(begun.elapsed() < LONG);
        assert!(resolver.query("x.test", Kind::A).await.is_err());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    dead.at(".", kind::SOA, Behaviour::Rcode(5));
    dead.at("x.test", kind::A, Behaviour::Well);
    assert!(resolver.query("x.test", Kind::A).await.is_ok());
    assert_eq!(resolver.states()[0].1, None);
    dead.at("x.test", kind::A, Behaviour::Rcode(5));
    assert!(resolver.query("x.test", Kind::A).await.is_err());
    while resolver.states()[0].1.is_none() {
        assert!(begun.elapsed() < 2 * LONG, "nobody found out");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(resolver.states()[0].1.as_ref().unwrap().contains("REFUSED"));
}

#[tokio::test]
async fn fault_15_server_that_fails_for_some_names_is_not_dead() {
    let dns = server();
    dns.at("bad.test", kind::A, Behaviour::Rcode(2));
    dns.at("slow.test", kind::A, Behaviour::Silence);
    let resolver = retrying(&[&dns], SHORT);
    for _ in 0..20 {
        for name in ["bad.test", "slow.test"] {
            assert!(resolver.query(name, Kind::A).await.is_err());
        }
        assert_eq!(resolver.states()[0].1, None);
    }
}

#[tokio::test]
async fn fault_15_servers_are_replaced_for_all_clones() {
    let (old, new) = (server(), server());
    old.add("x.test", 60, Data::A(Ipv4Addr::new(192, 0, 2, 1)));
    new.add("x.test", 60, Data::A(Ipv4Addr::new(192, 0, 2, 2)));
    let resolver = retrying(&[&old], LONG);
    let clone = resolver.clone();
    resolver
        .replace_servers(&ResolverSettings { servers: vec![new.address()], ..ResolverSettings::default() });
    let reply = clone.query("x.test", Kind::A).await.unwrap();
    assert_eq!(reply.records, [starttls_net::dns::Data::A(Ipv4Addr::new(192, 0, 2, 2))]);
}
