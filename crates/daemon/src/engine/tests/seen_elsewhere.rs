//! A row that somebody wrote into the shared store: what it may do here, and what not.

use std::time::Duration;

use starttls_discover::RecordState;
use starttls_policy::decide::evidence::{Security, StsPolicy};
use starttls_policy::{Domain, Mode, MxPattern};

use super::world::failure;
use super::{World, reply};
use crate::learned::{KeptPolicy, Learnt, Remembered};

const YEAR: u64 = 31_557_600;

/// A world in which the shared store says that the domain receives at another host, for a year.
async fn world() -> World {
    let world = World::new().await;
    world.outside.mx("a.example", Security::Insecure, &["mx.a.example"]);
    let now = world.engine.0.clock.now();
    let mx = vec![MxPattern::parse("mx.evil.example").unwrap()];
    let max_age = Duration::from_secs(YEAR);
    let policy = StsPolicy { mode: Mode::Enforce, mx, id: "1".into(), fetched: now, max_age };
    let kept = KeptPolicy { policy, confirmed: now, origin: Learnt::Elsewhere };
    let remembered = Remembered { policy: Some(kept), ..Remembered::default() };
    world.store.0.lock().unwrap().insert(Domain::parse("a.example").unwrap(), remembered);
    world
}

async fn told(world: &World) -> String {
    reply(&world.ask("a.example").await)
}

const THEIRS: &str = "secure match=mx.evil.example";

#[tokio::test(start_paused = true)]
async fn fault_a_foreign_row_with_the_published_id_is_no_substitute_for_a_fetch() {
    let world = world().await;
    world.outside.policy("a.example", "1", Mode::Enforce, &["mx.a.example"], 86_400);
    assert_eq!(told(&world).await, "secure match=mx.a.example");
    assert_eq!(world.outside.asked("policy a.example"), 1);
}

#[tokio::test(start_paused = true)]
async fn fault_a_foreign_row_of_a_domain_without_mta_sts_defers_nothing() {
    let world = world().await;
    world.outside.record("a.example", RecordState::Absent);
    assert_eq!(told(&world).await, "NOTFOUND");
}

#[tokio::test(start_paused = true)]
async fn fault_a_foreign_row_changes_nothing_that_a_list_demands() {
    let world = world().await;
    world.lists.list("a.example", "enforce", "listed.a.example");
    for record in [RecordState::Absent, RecordState::Inconclusive(failure()), RecordState::Id("1".into())] {
        world.outside.record("a.example", record).policy_host_fails("a.example");
        world.engine.forget_answers();
        assert!(told(&world).await.contains("listed.a.example"));
    }
}

#[tokio::test(start_paused = true)]
async fn fault_a_foreign_row_protects_for_a_day_while_this_node_cannot_tell() {
    for record in [RecordState::Inconclusive(failure()), RecordState::Id("1".into())] {
        let world = world().await;
        world.outside.record("a.example", record).policy_host_fails("a.example");
        assert_eq!(told(&world).await, THEIRS);
        world.pass(80_000).await;
        assert_eq!(told(&world).await, THEIRS);
        world.pass(10_000).await;
        assert_eq!(told(&world).await, "NOTFOUND");
    }
}
