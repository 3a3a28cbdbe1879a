//! A resolver that stops validating: loud, and never a way to cleartext.

use starttls_discover::Validation;
use starttls_policy::Mode;
use starttls_policy::decide::evidence::{Security, Tlsa};

use super::{World, reply};

fn lost() -> Validation {
    Validation::Refuted { words: "no AD any more".into() }
}

#[tokio::test(start_paused = true)]
async fn that_stops_validating_makes_domains_with_dane_wait_and_others_go_on() {
    let world = World::new().await;
    world
        .outside
        .mx("dane.example", Security::Secure, &["mx.a.example"])
        .tlsa("mx.a.example:25", Tlsa::Usable);
    world.outside.mx("sts.example", Security::Insecure, &["mx.b.example"]);
    world.outside.policy("sts.example", "1", Mode::Enforce, &["mx.b.example"], 864_000);
    world.ask("dane.example").await;
    world.ask("sts.example").await;
    // An attacker's resolver: no AD, no TLSA.
    world.outside.validation(lost()).mx("dane.example", Security::Insecure, &["mx.evil.example"]);
    world.pass(61).await;
    assert_eq!(reply(&world.ask("dane.example").await), "TEMP");
    assert_eq!(reply(&world.ask("sts.example").await), "secure match=mx.b.example");
    assert_eq!(reply(&world.ask("new.example").await), "NOTFOUND");
}

#[tokio::test(start_paused = true)]
async fn that_validates_again_is_believed_again() {
    let world = World::new().await;
    world.outside.mx("a.example", Security::Secure, &["mx.a.example"]).tlsa("mx.a.example:25", Tlsa::Usable);
    world.ask("a.example").await;
    world.outside.validation(lost());
    world.pass(61).await;
    assert_eq!(reply(&world.ask("a.example").await), "TEMP");
    world.outside.validation(Validation::Proven);
    world.pass(61).await;
    assert_eq!(reply(&world.ask("a.example").await), "dane-only");
}

#[tokio::test(start_paused = true)]
async fn that_stays_lost_holds_mail_up_for_an_hour_at_most() {
    let world = World::new().await;
    world.outside.mx("a.example", Security::Secure, &["mx.a.example"]).tlsa("mx.a.example:25", Tlsa::Usable);
    world.ask("a.example").await;
    world.outside.validation(lost());
    world.pass(1_800).await;
    assert_eq!(reply(&world.ask("a.example").await), "TEMP");
    world.pass(3_600).await;
    assert_eq!(reply(&world.ask("a.example").await), "NOTFOUND");
}
