//! Proofs of the resolver that have no answer: never a state of its own for long.

use starttls_discover::{MxState, Validation};
use starttls_policy::decide::evidence::{Security, Tlsa};

use super::world::failure;
use super::{World, reply};
use crate::engine::Standing;

/// The resolver answers, but not the question by which it is proven.
#[tokio::test(start_paused = true)]
async fn fault_dd6_proof_that_never_has_an_answer_ends_in_a_refutation_and_not_in_silence() {
    let world = World::new().await;
    world.outside.mx("dane.example", Security::Secure, &["mx.a.example"]);
    world.outside.tlsa("mx.a.example:25", Tlsa::Usable);
    assert_eq!(reply(&world.ask("dane.example").await), "dane-only");
    world.outside.validation(Validation::Unknown(failure()));
    let again = world.restart().await;
    assert_eq!(again.engine.validation(), Standing::Unknown);
    again.pass(20).await;
    assert_eq!(again.engine.validation(), Standing::Refuted);
    assert_eq!(reply(&again.ask("dane.example").await), "TEMP", "it waits as long as DANE counts");
    again.pass(3_700).await;
    assert_eq!(reply(&again.ask("dane.example").await), "NOTFOUND");
    again.outside.validation(Validation::Proven);
    again.pass(6).await;
    assert_eq!(again.engine.validation(), Standing::Proven);
    assert_eq!(reply(&again.ask("dane.example").await), "dane-only");
}

#[tokio::test(start_paused = true)]
async fn fault_dd6_proofs_that_fail_while_mail_goes_on_lose_what_was_proven() {
    let world = World::new().await;
    world.outside.ttl(30).validation(Validation::Unknown(failure()));
    for _ in 0..20 {
        world.ask("a.example").await;
        world.pass(31).await;
    }
    assert_eq!(world.engine.validation(), Standing::Lost);
}

/// An outage is no refutation: what is cached holds meanwhile.
#[tokio::test(start_paused = true)]
async fn proofs_that_fail_in_an_outage_leave_the_state_and_the_cached_answers() {
    let world = World::new().await;
    world.outside.ttl(3_600).mx("dane.example", Security::Secure, &["mx.a.example"]);
    world.outside.tlsa("mx.a.example:25", Tlsa::Usable);
    assert_eq!(reply(&world.ask("dane.example").await), "dane-only");
    world.outside.validation(Validation::Unknown(failure())).resolver(Some("connection refused"));
    world.outside.mx_state("a.example", MxState::Inconclusive(failure()));
    for _ in 0..20 {
        world.pass(30).await;
        assert_eq!(reply(&world.ask("a.example").await), "TEMP");
    }
    assert_eq!(world.engine.validation(), Standing::Proven);
    assert_eq!(reply(&world.ask("dane.example").await), "dane-only");
}
