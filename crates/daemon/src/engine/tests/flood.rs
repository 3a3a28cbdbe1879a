//! A flood of names: protection stays, work is bounded.

use std::time::Duration;

use starttls_policy::Mode;
use starttls_policy::decide::evidence::Security;

use super::{World, reply};
use crate::engine::{Allowance, EngineSettings};

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

/// Publishes an enforcing policy for so many domains of different owners.
fn publish(world: &World, count: usize) -> Vec<String> {
    let domains: Vec<String> = (0..count).map(|n| format!("relayed{n}.example")).collect();
    for domain in &domains {
        world.outside.policy(domain, "1", Mode::Enforce, &["mx.relay.example"], 864_000);
    }
    domains
}

async fn unprotected(world: &World, domains: &[String]) -> usize {
    let mut unprotected = 0;
    for domain in domains {
        unprotected += usize::from(reply(&world.ask(domain).await) != "secure match=mx.relay.example");
    }
    unprotected
}

async fn burst_is_protected(count: usize) {
    let world = World::new().await;
    let domains = publish(&world, count);
    assert_eq!(unprotected(&world, &domains).await, 0, "asked first");
    assert_eq!(unprotected(&world, &domains).await, 0, "asked again");
}

#[tokio::test(start_paused = true)]
async fn burst_of_new_domains_with_an_empty_store_is_protected() {
    burst_is_protected(4_400).await;
}

mod slow {
    #[tokio::test(start_paused = true)]
    #[ignore = "slow: run `./test slow`"]
    async fn fault_burst_of_44_000_new_domains_with_an_empty_store_is_protected() {
        super::burst_is_protected(44_000).await;
    }
}

/// They are fetched when the budget allows it, not when somebody asks again.
#[tokio::test(start_paused = true)]
async fn fault_domains_over_the_budget_are_fetched_as_soon_as_the_budget_allows() {
    let new_domains = Allowance { burst: 100, every: Duration::from_millis(20) };
    let settings = EngineSettings { new_domains, ..EngineSettings::default() };
    let world = World::with(settings, super::world::Outside::default(), super::world::Store::default()).await;
    let domains = publish(&world, 1_000);
    assert_eq!(unprotected(&world, &domains).await, 900);
    assert_eq!(unprotected(&world, &domains).await, 900, "asking again neither helps nor costs");
    assert_eq!(world.engine.fill().waiting, 900);
    let told = || world.engine.0.journal.failures().iter().filter(|told| told.what == "budget").count();
    assert_eq!(told(), 1, "once, and not for each domain");
    world.pass(10).await;
    let left = unprotected(&world, &domains).await;
    assert!((350..=450).contains(&left), "50 a second: {left}");
    world.pass(10).await;
    assert_eq!(unprotected(&world, &domains).await, 0);
    let fetched: u32 = domains.iter().map(|domain| world.outside.asked(&format!("policy {domain}"))).sum();
    assert_eq!(fetched, 1_000, "each once");
    assert_eq!((world.engine.fill().waiting, told()), (0, 1));
}

/// What the budget is for: one owner's wildcard makes any number of names.
#[tokio::test(start_paused = true)]
async fn fault_wildcard_names_of_one_owner_stay_bounded_and_delay_nobody_else() {
    let world = World::new().await;
    let names: Vec<String> = (0..10_000).map(|n| format!("d{n}.flood.example")).collect();
    for name in &names {
        world.outside.policy(name, "1", Mode::Enforce, &["mx.flood.example"], 864_000);
        world.ask(name).await;
    }
    let fetched = || names.iter().map(|name| world.outside.asked(&format!("policy {name}"))).sum::<u32>();
    assert_eq!((fetched(), world.engine.fill().waiting), (100, 100));
    let domains = publish(&world, 1_000);
    assert_eq!(unprotected(&world, &domains).await, 0);
    world.pass(1_800).await;
    assert!((145..=155).contains(&fetched()), "one in 36 s: {}", fetched());
    world.pass(36_000).await;
    assert_eq!((fetched(), world.engine.fill().waiting), (200, 0));
}
