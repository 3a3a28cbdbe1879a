//! What a mail server may ask, and what each kind of key is answered.

use starttls_policy::Mode;
use starttls_policy::decide::evidence::{Security, Tlsa};

use super::{World, reply};

#[tokio::test(start_paused = true)]
async fn are_folded_and_lose_one_dot() {
    let world = World::new().await;
    world.outside.mx("a.example", Security::Secure, &["mx.a.example"]).tlsa("mx.a.example:25", Tlsa::Usable);
    for key in ["a.example", "A.Example", "a.example."] {
        assert_eq!(reply(&world.ask(key).await), "dane-only", "{key}");
    }
    assert_eq!(world.outside.asked("mx a.example"), 1);
}

#[tokio::test(start_paused = true)]
async fn with_a_port_ask_for_records_at_that_port() {
    let world = World::new().await;
    world.outside.mx("a.example", Security::Secure, &["mx.a.example"]).tlsa("mx.a.example:587", Tlsa::Usable);
    assert_eq!(reply(&world.ask("a.example:587").await), "dane-only");
    assert_eq!(reply(&world.ask("a.example").await), "NOTFOUND");
}

#[tokio::test(start_paused = true)]
async fn of_a_host_ask_the_host_itself_and_no_mx() {
    let world = World::new().await;
    world.outside.tlsa("mx.a.example:25", Tlsa::Usable);
    assert_eq!(reply(&world.ask("[mx.a.example]").await), "dane-only");
    assert_eq!(world.outside.asked("mx mx.a.example"), 0);
    world.outside.policy("b.example", "1", Mode::Enforce, &["b.example"], 86_400);
    assert_eq!(reply(&world.ask("[b.example]").await), "secure match=b.example");
}

#[tokio::test(start_paused = true)]
async fn that_can_have_no_policy_are_not_found_and_nobody_is_asked() {
    let world = World::new().await;
    for key in
        ["", ".", ".example", ".a.example", "[192.0.2.1]", "[::1]:25", "localhost", "a b.example", "\u{0}"]
    {
        assert_eq!(reply(&world.ask(key).await), "NOTFOUND", "{key:?}");
    }
    assert_eq!(world.engine.fill().hot_entries, 0);
}
