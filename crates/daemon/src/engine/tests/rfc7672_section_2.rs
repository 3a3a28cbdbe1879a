//! The decision table of the design, row by row, through the engine.

use starttls_discover::{MxState, Validation};
use starttls_policy::decide::evidence::{Security, Tlsa};
use starttls_policy::{Mode, MxHost};

use super::world::failure;
use super::{World, reply};

const HOSTS: [&str; 2] = ["mx1.a.example", "mx2.a.example"];

/// A world in which `a.example` has two hosts with these TLSA states.
async fn world(mx: Security, tlsa: [Tlsa; 2]) -> World {
    let world = World::new().await;
    world.outside.mx("a.example", mx, &HOSTS);
    for (host, state) in HOSTS.iter().zip(tlsa) {
        world.outside.tlsa(&format!("{host}:25"), state);
    }
    world
}

fn enforce_by_sts(world: &World) {
    world.outside.policy("a.example", "1", Mode::Enforce, &["mx1.a.example"], 86_400);
}

async fn told(world: &World) -> String {
    reply(&world.ask("a.example").await)
}

#[tokio::test(start_paused = true)]
async fn usable_records_on_every_host_are_dane_only() {
    let world = world(Security::Secure, [Tlsa::Usable, Tlsa::Usable]).await;
    assert_eq!(told(&world).await, "dane-only");
}

#[tokio::test(start_paused = true)]
async fn usable_records_are_never_overridden_by_mta_sts_or_the_list() {
    let world = world(Security::Secure, [Tlsa::Usable, Tlsa::Usable]).await;
    enforce_by_sts(&world);
    world.lists.list("a.example", "enforce", "mx9.a.example");
    assert_eq!(told(&world).await, "dane-only");
}

#[tokio::test(start_paused = true)]
async fn usable_records_on_some_hosts_are_dane_where_nothing_else_enforces() {
    let world = world(Security::Secure, [Tlsa::Usable, Tlsa::Absent]).await;
    assert_eq!(told(&world).await, "dane");
}

#[tokio::test(start_paused = true)]
async fn usable_records_on_some_hosts_are_dane_only_where_mta_sts_or_the_list_enforces() {
    let by_sts = world(Security::Secure, [Tlsa::Usable, Tlsa::Absent]).await;
    enforce_by_sts(&by_sts);
    assert_eq!(told(&by_sts).await, "dane-only");
    let by_list = world(Security::Secure, [Tlsa::Usable, Tlsa::Absent]).await;
    by_list.lists.list("a.example", "enforce", "mx1.a.example");
    assert_eq!(told(&by_list).await, "dane-only");
}

#[tokio::test(start_paused = true)]
async fn unusable_records_do_not_take_enforcement_of_mta_sts_away() {
    let world = world(Security::Secure, [Tlsa::Unusable, Tlsa::Unusable]).await;
    assert_eq!(told(&world).await, "dane");
    world.engine.forget_answers();
    enforce_by_sts(&world);
    assert_eq!(told(&world).await, "secure match=mx1.a.example");
}

#[tokio::test(start_paused = true)]
async fn records_behind_an_unsigned_mx_record_do_not_take_enforcement_of_mta_sts_away() {
    let world = world(Security::Insecure, [Tlsa::Usable, Tlsa::Usable]).await;
    assert_eq!(told(&world).await, "dane");
    world.engine.forget_answers();
    enforce_by_sts(&world);
    assert_eq!(told(&world).await, "secure match=mx1.a.example");
}

#[tokio::test(start_paused = true)]
async fn host_that_cannot_be_asked_counts_as_having_records_and_does_not_stall_the_domain() {
    let world = world(Security::Secure, [Tlsa::Inconclusive, Tlsa::Usable]).await;
    assert_eq!(told(&world).await, "dane-only");
    let alone = self::world(Security::Secure, [Tlsa::Inconclusive, Tlsa::Absent]).await;
    assert_eq!(told(&alone).await, "dane");
}

#[tokio::test(start_paused = true)]
async fn mx_that_cannot_be_looked_up_defers_whatever_mta_sts_and_the_list_say() {
    let world = World::new().await;
    world.outside.mx_state("a.example", MxState::Inconclusive(failure()));
    enforce_by_sts(&world);
    world.lists.list("a.example", "enforce", "mx1.a.example");
    assert_eq!(told(&world).await, "TEMP");
}

#[tokio::test(start_paused = true)]
async fn proven_absence_leaves_the_word_to_mta_sts_then_to_the_list() {
    let world = world(Security::Secure, [Tlsa::Absent, Tlsa::Absent]).await;
    assert_eq!(told(&world).await, "NOTFOUND");
    world.lists.list("a.example", "enforce", "mx2.a.example");
    assert_eq!(told(&world).await, "secure match=mx2.a.example");
    enforce_by_sts(&world);
    world.engine.forget_answers();
    assert_eq!(told(&world).await, "secure match=mx1.a.example");
}

#[tokio::test(start_paused = true)]
async fn implicit_mx_is_the_domain_itself() {
    let world = World::new().await;
    world.outside.mx_state("a.example", MxState::Implicit { security: Security::Secure });
    world.outside.tlsa("a.example:25", Tlsa::Usable);
    assert_eq!(told(&world).await, "dane-only");
}

#[tokio::test(start_paused = true)]
async fn null_mx_has_no_policy_of_its_own() {
    let world = World::new().await;
    world.outside.mx_state("a.example", MxState::Nowhere { security: Security::Secure });
    assert_eq!(told(&world).await, "NOTFOUND");
}

#[tokio::test(start_paused = true)]
async fn dane_never_waits_for_mta_sts() {
    let world = world(Security::Secure, [Tlsa::Usable, Tlsa::Usable]).await;
    world.outside.hang("record a.example");
    let before = world.elapsed();
    assert_eq!(told(&world).await, "dane-only");
    assert_eq!(world.elapsed(), before);
    assert_eq!(world.outside.asked("record a.example"), 0, "nor is anybody bothered with it");
}

#[tokio::test(start_paused = true)]
async fn resolver_that_never_validated_leaves_mta_sts_and_the_list() {
    let world = World::new().await;
    world.outside.validation(Validation::Refuted { words: "no AD".into() });
    let refuted =
        World::with(crate::engine::EngineSettings::default(), world.outside.clone(), world.store.clone())
            .await;
    refuted.outside.mx("a.example", Security::Secure, &HOSTS).tlsa("mx1.a.example:25", Tlsa::Usable);
    enforce_by_sts(&refuted);
    assert_eq!(told(&refuted).await, "secure match=mx1.a.example");
}

/// One of two hosts without records is `dane`, and its name does not change that.
#[tokio::test(start_paused = true)]
async fn fault_host_that_only_postfix_takes_counts_as_a_host() {
    for other in ["mx_2.a.example", "mail", "192.0.2.1"] {
        let world = World::new().await;
        world.outside.mx("a.example", Security::Secure, &["mx.a.example", other]);
        world.outside.tlsa("mx.a.example:25", Tlsa::Usable);
        assert_eq!(reply(&world.ask("a.example").await), "dane", "{other}");
    }
    let world = World::new().await;
    world
        .outside
        .mx("a.example", Security::Secure, &["mx_1.a.example"])
        .tlsa("mx_1.a.example:25", Tlsa::Usable);
    assert_eq!(reply(&world.ask("a.example").await), "dane-only");
}

#[tokio::test(start_paused = true)]
async fn fault_hosts_that_nobody_looks_at_are_inconclusive_and_told_of() {
    let world = World::new().await;
    let hosts = vec![MxHost::from_dns("mx.a.example").unwrap()];
    let state = MxState::Hosts { security: Security::Secure, hosts, beyond: 36 };
    world.outside.mx_state("a.example", state);
    assert_eq!(reply(&world.ask("a.example").await), "dane", "never absent");
    let failures = world.engine.0.journal.failures();
    assert!(failures.iter().any(|told| told.what == "mx.too-many-hosts"), "{failures:?}");
}
