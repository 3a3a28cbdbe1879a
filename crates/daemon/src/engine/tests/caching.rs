//! Asking once, keeping as long as it may be kept, and no longer.

use std::sync::Arc;

use starttls_discover::MxState;
use starttls_policy::Mode;
use starttls_policy::decide::evidence::{Security, Tlsa};

use super::world::{START, failure};
use super::{World, reply};

#[tokio::test(start_paused = true)]
async fn of_64_who_ask_at_once_one_looks() {
    let world = Arc::new(World::new().await);
    world.outside.mx("a.example", Security::Insecure, &["mx.a.example"]);
    world.outside.policy("a.example", "1", Mode::Enforce, &["mx.a.example"], 86_400);
    let asking: Vec<_> = (0..64)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { reply(&world.ask("a.example").await) })
        })
        .collect();
    for one in asking {
        assert_eq!(one.await.unwrap(), "secure match=mx.a.example");
    }
    for question in ["mx a.example", "tlsa mx.a.example:25", "record a.example", "policy a.example"] {
        assert_eq!(world.outside.asked(question), 1, "{question}");
    }
}

#[tokio::test(start_paused = true)]
async fn hosts_are_shared_between_domains() {
    let world = World::new().await;
    for n in 0..50 {
        let domain = format!("d{n}.example");
        world.outside.mx(&domain, Security::Secure, &["mx.big.example"]);
        world.ask(&domain).await;
    }
    assert_eq!(world.outside.asked("tlsa mx.big.example:25"), 1);
}

#[tokio::test(start_paused = true)]
async fn failure_is_not_asked_again_at_once_and_is_asked_again_soon() {
    let world = World::new().await;
    world.outside.mx_state("a.example", MxState::Inconclusive(failure()));
    for _ in 0..100 {
        assert_eq!(reply(&world.ask("a.example").await), "TEMP");
    }
    assert_eq!(world.outside.asked("mx a.example"), 1);
    world.outside.mx("a.example", Security::Secure, &["mx.a.example"]).tlsa("mx.a.example:25", Tlsa::Usable);
    world.pass(31).await;
    assert_eq!(reply(&world.ask("a.example").await), "dane-only");
}

#[tokio::test(start_paused = true)]
async fn answer_that_is_in_use_is_found_out_again_before_it_ends() {
    let world = World::new().await;
    world.outside.mx("a.example", Security::Secure, &["mx.a.example"]).tlsa("mx.a.example:25", Tlsa::Usable);
    world.ask("a.example").await;
    world.pass(290).await;
    world.outside.tlsa("mx.a.example:25", Tlsa::Absent);
    assert_eq!(reply(&world.ask("a.example").await), "dane-only", "at hand still");
    world.pass(5).await;
    // Once more since protection is taken away only by an answer that comes after a proof.
    assert_eq!(world.outside.asked("tlsa mx.a.example:25"), 3);
    assert_eq!(reply(&world.ask("a.example").await), "NOTFOUND", "before the old one's end");
}

#[tokio::test(start_paused = true)]
async fn denial_is_never_given_beyond_its_end() {
    let world = World::new().await;
    world.outside.ttl(60).mx("a.example", Security::Secure, &["mx.a.example"]);
    assert_eq!(reply(&world.ask("a.example").await), "NOTFOUND");
    world.outside.tlsa("mx.a.example:25", Tlsa::Usable);
    world.pass(61).await;
    assert_eq!(reply(&world.ask("a.example").await), "dane-only");
}

#[tokio::test(start_paused = true)]
async fn answers_go_on_from_the_cache_when_the_network_is_down() {
    let world = World::new().await;
    world
        .outside
        .ttl(3_600)
        .mx("a.example", Security::Secure, &["mx.a.example"])
        .tlsa("mx.a.example:25", Tlsa::Usable);
    world.ask("a.example").await;
    world
        .outside
        .mx_state("a.example", MxState::Inconclusive(failure()))
        .tlsa("mx.a.example:25", Tlsa::Inconclusive);
    for _ in 0..50 {
        world.pass(60).await;
        assert_eq!(reply(&world.ask("a.example").await), "dane-only");
    }
}

#[tokio::test(start_paused = true)]
async fn override_counts_at_once_and_only_until_its_end() {
    let world = World::new().await;
    world.outside.mx("a.example", Security::Secure, &["mx.a.example"]).tlsa("mx.a.example:25", Tlsa::Usable);
    assert_eq!(reply(&world.ask("a.example").await), "dane-only");
    world.lists.relax("a.example", START + 1_000);
    assert_eq!(reply(&world.ask("a.example").await), "may");
    world.pass(1_001).await;
    assert_eq!(reply(&world.ask("a.example").await), "dane-only");
}

#[tokio::test(start_paused = true)]
async fn list_that_cannot_be_read_defers_rather_than_reads_as_unlisted() {
    let world = World::new().await;
    world.lists.break_down();
    assert_eq!(reply(&world.ask("a.example").await), "TEMP");
}
