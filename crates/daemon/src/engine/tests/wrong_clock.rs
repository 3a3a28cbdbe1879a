//! A wall clock that is behind for a while.

use starttls_discover::RecordState;
use starttls_policy::Mode;
use starttls_policy::decide::evidence::{Security, Tlsa};

use super::{World, reply};
use crate::engine::Standing;

/// Sixty days, as of a machine that slept.
const BEHIND: i64 = -60 * 86_400;

/// A certificate that is not valid yet by a clock that is behind: the fetch fails, and is made again once the clock is right.
#[tokio::test(start_paused = true)]
async fn fault_dd1_what_failed_under_a_wrong_clock_is_asked_for_again_when_the_clock_is_set() {
    let world = World::new().await;
    world.jump(BEHIND);
    world.pass(2).await;
    world.outside.mx("a.example", Security::Insecure, &["mx.a.example"]);
    world.outside.record("a.example", RecordState::Id("1".into())).policy_host_fails("a.example");
    assert_eq!(reply(&world.ask("a.example").await), "NOTFOUND");
    world.pass(10).await;
    world.outside.policy("a.example", "1", Mode::Enforce, &["mx.a.example"], 86_400);
    assert_eq!(reply(&world.ask("a.example").await), "NOTFOUND", "a policy host that failed is left alone");
    world.jump(-BEHIND);
    world.pass(2).await;
    assert_eq!(reply(&world.ask("a.example").await), "secure match=mx.a.example");
}

/// DANE that was stored by the right clock counts while another one is behind, and afterwards; no longer than an hour in all.
#[tokio::test(start_paused = true)]
async fn stored_dane_counts_while_the_clock_is_behind_and_afterwards() {
    let world = World::new().await;
    world.outside.mx("dane.example", Security::Secure, &["mx.a.example"]);
    world.outside.tlsa("mx.a.example:25", Tlsa::Usable);
    assert_eq!(reply(&world.ask("dane.example").await), "dane-only");
    let validation = starttls_discover::Validation::Refuted { words: "no AD".into() };
    world.outside.validation(validation).mx("dane.example", Security::Insecure, &["mx.evil.example"]);
    let again = world.restart_at(BEHIND).await;
    assert_eq!(again.engine.validation(), Standing::Refuted);
    assert_eq!(reply(&again.ask("dane.example").await), "TEMP");
    again.jump(-BEHIND);
    again.pass(31).await;
    assert_eq!(reply(&again.ask("dane.example").await), "TEMP", "as if the clock had never been wrong");
    again.pass(3_700).await;
    assert_eq!(reply(&again.ask("dane.example").await), "NOTFOUND");
}
