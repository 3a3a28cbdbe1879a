//! A loss of validation that ends before the next proof by the clock: what was answered meanwhile does not outlive it.

use starttls_discover::Validation;
use starttls_policy::decide::evidence::{Security, Tlsa};

use super::{World, reply};
use crate::engine::Standing;

fn refuted() -> Validation {
    Validation::Refuted { words: "no AD".into() }
}

fn without_ad(world: &World, domain: &str) {
    world.outside.mx(domain, Security::Insecure, &["mx.a.example"]).tlsa("mx.a.example:25", Tlsa::Absent);
}

fn signed(world: &World, domain: &str) {
    world.outside.mx(domain, Security::Secure, &["mx.a.example"]).tlsa("mx.a.example:25", Tlsa::Usable);
}

#[tokio::test(start_paused = true)]
async fn fault_3_answer_of_a_short_loss_between_two_proofs_does_not_outlive_it() {
    let world = World::new().await;
    world.outside.ttl(7_200);
    world.pass(10).await;
    without_ad(&world, "dane.example");
    world.outside.validation(refuted());
    assert_eq!(reply(&world.ask("dane.example").await), "NOTFOUND");
    world.pass(2).await;
    signed(&world, "dane.example");
    world.outside.validation(Validation::Proven);
    world.pass(6).await;
    assert_eq!(world.engine.validation(), Standing::Proven);
    assert_eq!(reply(&world.ask("dane.example").await), "dane-only");
}

#[tokio::test(start_paused = true)]
async fn fault_3_answer_found_out_while_the_loss_ends_is_not_kept() {
    let world = World::new().await;
    world.outside.ttl(7_200);
    world.pass(10).await;
    without_ad(&world, "dane.example");
    // MX is answered at once; the host only after validation was lost and is back.
    world.outside.delay("tlsa mx.a.example:25", 30).validation(refuted());
    let asked = tokio::join!(world.ask("dane.example"), async {
        world.pass(2).await;
        signed(&world, "dane.example");
        world.outside.tlsa("mx.a.example:25", Tlsa::Absent).validation(Validation::Proven);
        world.pass(10).await;
        assert_eq!(world.engine.validation(), Standing::Proven);
    });
    drop(asked);
    signed(&world, "dane.example");
    world.outside.delay("tlsa mx.a.example:25", 0);
    assert_eq!(reply(&world.ask("dane.example").await), "dane-only");
}

#[tokio::test(start_paused = true)]
async fn fault_3_proof_without_an_answer_leaves_insecure_answers_open_until_one_has_it() {
    let world = World::new().await;
    world.outside.ttl(7_200);
    world.pass(10).await;
    without_ad(&world, "dane.example");
    world.outside.validation(Validation::Unknown(super::world::failure()));
    assert_eq!(reply(&world.ask("dane.example").await), "NOTFOUND");
    world.pass(2).await;
    signed(&world, "dane.example");
    world.outside.validation(Validation::Proven);
    world.pass(6).await;
    assert_eq!(reply(&world.ask("dane.example").await), "dane-only");
}

#[tokio::test(start_paused = true)]
async fn fault_3_unsigned_domains_share_one_proof_a_second_and_their_answers_are_kept() {
    let world = World::new().await;
    world.pass(10).await;
    let proofs = world.outside.asked("validation");
    for number in 0..50 {
        let domain = format!("d{number}.example");
        world.outside.mx(&domain, Security::Insecure, &["mx.a.example"]);
        assert_eq!(reply(&world.ask(&domain).await), "NOTFOUND");
    }
    world.pass(3).await;
    let more = world.outside.asked("validation") - proofs;
    assert!((1..=2).contains(&more), "{more}");
    assert_eq!(reply(&world.ask("d1.example").await), "NOTFOUND");
    assert_eq!(world.outside.asked("mx d1.example"), 1);
}

#[tokio::test(start_paused = true)]
async fn fault_4_resolver_that_answers_again_is_proven_at_once() {
    let world = World::new().await;
    world.outside.resolver(Some("no answer in time"));
    world.pass(10).await;
    world.outside.resolver(None).validation(refuted());
    let proofs = world.outside.asked("validation");
    world.pass(2).await;
    assert!(world.outside.asked("validation") > proofs);
    assert_eq!(world.engine.validation(), Standing::Lost);
}

#[tokio::test(start_paused = true)]
async fn fault_7_validation_that_returns_is_noticed_within_seconds() {
    let world = World::new().await;
    world.outside.validation(refuted());
    world.pass(61).await;
    assert_eq!(world.engine.validation(), Standing::Lost);
    world.outside.validation(Validation::Proven);
    world.pass(6).await;
    assert_eq!(world.engine.validation(), Standing::Proven);
}
