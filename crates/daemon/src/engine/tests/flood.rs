//! A flood of names: protection stays, work is bounded.

use starttls_policy::Mode;
use starttls_policy::decide::evidence::Security;

use super::{World, reply};
use crate::engine::EngineSettings;

#[tokio::test(start_paused = true)]
async fn of_names_does_not_push_protection_out() {
    let settings = EngineSettings { hot_bytes: 64 * 1024, ..EngineSettings::default() };
    let world = World::with(settings, super::world::Outside::default(), super::world::Store::default()).await;
    world.outside.mx("a.example", Security::Insecure, &["mx.a.example"]);
    world.outside.policy("a.example", "1", Mode::Enforce, &["mx.a.example"], 864_000);
    world.ask("a.example").await;
    for n in 0..20_000 {
        world.ask(&format!("d{n}.flood{n}.example")).await;
    }
    assert!(world.engine.fill().hot_bytes <= 64 * 1024);
    world.outside.policy_host_fails("a.example").hang("record a.example");
    assert_eq!(reply(&world.ask("a.example").await), "secure match=mx.a.example");
}

#[tokio::test(start_paused = true)]
async fn of_policies_below_one_domain_is_fetched_up_to_the_budget_only() {
    let world = World::new().await;
    for n in 0..1_000 {
        let domain = format!("d{n}.flood.example");
        world.outside.policy(&domain, "1", Mode::Enforce, &["mx.flood.example"], 864_000);
        world.ask(&domain).await;
    }
    let fetched: u32 = (0..1_000).map(|n| world.outside.asked(&format!("policy d{n}.flood.example"))).sum();
    assert_eq!(fetched, 100);
    // Others are served as ever.
    world.outside.policy("b.example", "1", Mode::Enforce, &["mx.b.example"], 864_000);
    assert_eq!(reply(&world.ask("b.example").await), "secure match=mx.b.example");
}
