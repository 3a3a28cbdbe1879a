//! Whether the resolver validates.

use starttls_discover::{Denial, Discovering as _, Validation};
use starttls_policy::decide::evidence::Cause;
use starttls_testkit::dns::{Behaviour, Server, kind};

use crate::World;

#[tokio::test]
async fn resolver_that_marks_the_root_as_verified_validates() {
    let world = World::new();
    world.dns.add(".", 300, starttls_testkit::dns::Data::Raw(kind::SOA, vec![0; 22]));
    assert_eq!(world.live().validation().await, Validation::Proven);
    assert_eq!(world.dns.count(".", kind::SOA), 1);
}

#[tokio::test]
async fn resolver_that_does_not_is_refuted_with_the_cure() {
    let world = World::new();
    world.dns.unsigned(".");
    let Validation::Refuted { words } = world.live().validation().await else { panic!("another answer") };
    assert!(words.contains("switch on DNSSEC validation"), "{words}");
}

#[tokio::test]
async fn answer_for_bogus_signatures_refutes() {
    let mut world = World::new();
    world.settings.probe.bogus = Some("bogus.test".into());
    assert!(matches!(world.live().validation().await, Validation::Refuted { .. }));
    world.dns.at("bogus.test", kind::A, Behaviour::Rcode(2));
    assert_eq!(world.live().validation().await, Validation::Proven);
}

#[tokio::test]
async fn silence_tells_nothing() {
    let world = World::new();
    world.dns.at(".", kind::SOA, Behaviour::Silence);
    let validation = world.live().validation().await;
    assert!(matches!(validation, Validation::Unknown(ref failure) if failure.cause == Cause::Timeout));
}

#[tokio::test]
async fn each_server_has_to_prove_it() {
    let mut world = World::new();
    let other = Server::start().unwrap();
    world.settings.resolver.servers.push(other.address());
    let Validation::Refuted { words } = world.live().validation().await else { panic!("another answer") };
    assert!(words.contains(&other.address().to_string()), "{words}");
    // One that is silent cannot lie.
    other.at(".", kind::SOA, Behaviour::Silence);
    assert_eq!(world.live().validation().await, Validation::Proven);
}

#[tokio::test]
async fn resolver_elsewhere_that_nobody_vouches_for_is_refuted_without_a_question() {
    let mut world = World::new();
    world.settings.resolver.servers = vec!["192.0.2.1:53".parse().unwrap()];
    let Validation::Refuted { words } = world.live().validation().await else { panic!("another answer") };
    assert!(words.contains("192.0.2.1:53 is neither 127.0.0.1 nor ::1"), "{words}");
}

#[tokio::test]
async fn fault_probe_whose_name_is_unsigned_or_absent_is_blamed_on_its_setting_too() {
    let mut world = World::new();
    world.settings.probe.signed = "p1.plain".into();
    world.dns.unsigned("p1.plain");
    let Validation::Refuted { words } = world.live().validation().await else { panic!("another answer") };
    assert!(!words.contains("which is signed"), "{words}");
    assert!(words.contains("`p1.plain`") && words.contains("`dnssec-probe`"), "{words}");
    // A denial that was verified proves that the resolver validates, but not that the name is the one that was meant.
    world.settings.probe.signed = "gone.test".into();
    world.dns.soa(600, 120);
    let validation = world.live().validation().await;
    let Validation::Refuted { words } = validation else { panic!("{validation:?}") };
    assert!(words.contains("`gone.test`") && words.contains("does not exist"), "{words}");
    assert!(words.contains("`dnssec-probe`"), "{words}");
}

/// A resolver that answers for `arpa`, which is signed.
fn with_arpa() -> World {
    let world = World::new();
    world.dns.add("arpa", 300, starttls_testkit::dns::Data::Raw(kind::SOA, vec![0; 22]));
    world
}

#[tokio::test]
async fn fault_12_denials_are_tried_as_nodata_and_as_nxdomain() {
    let world = with_arpa();
    assert_eq!(world.live().denial().await, Denial::Working);
    assert_eq!(world.dns.count("arpa", kind::TLSA), 1);
    assert_eq!(world.dns.count("starttls-denial-probe.arpa", kind::A), 1);
}

#[tokio::test]
async fn fault_12_forwarder_that_turns_denials_into_servfail_is_found_out() {
    for (name, kind) in [("arpa", kind::TLSA), ("starttls-denial-probe.arpa", kind::A)] {
        let world = with_arpa();
        world.dns.at(name, kind, Behaviour::Rcode(2));
        let Denial::Failing { words } = world.live().denial().await else { panic!("another answer") };
        assert!(words.contains("SERVFAIL") && words.contains(name), "{words}");
    }
}

#[tokio::test]
async fn fault_12_zone_out_of_reach_says_nothing_about_denials() {
    let world = with_arpa();
    world.dns.at("arpa", kind::SOA, Behaviour::Rcode(2));
    world.dns.at("arpa", kind::TLSA, Behaviour::Rcode(2));
    assert_eq!(world.live().denial().await, Denial::Unknown);
}

#[tokio::test]
async fn fault_12_denial_that_is_not_verified_is_found_out() {
    let world = with_arpa();
    world.dns.unsigned("starttls-denial-probe.arpa");
    let Denial::Failing { words } = world.live().denial().await else { panic!("another answer") };
    assert!(words.contains("verified"), "{words}");
}
