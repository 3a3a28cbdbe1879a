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
async fn fault_a_foreign_row_counts_no_longer_once_this_node_saw_that_no_policy_is_published() {
    let world = world().await;
    world.outside.record("a.example", RecordState::Absent);
    assert_eq!(told(&world).await, "NOTFOUND");
    let name = Domain::parse("a.example").unwrap();
    let remembered = world.store.0.lock().unwrap().get(&name).cloned().unwrap();
    assert_eq!(remembered.as_it_counts(world.engine.0.clock.now()), Remembered::default());
    // Nor when its DNS fails afterwards.
    world.outside.record("a.example", RecordState::Inconclusive(failure()));
    world.engine.forget_answers();
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

#[tokio::test(start_paused = true)]
async fn fault_a_look_in_flight_during_a_purge_brings_nothing_back() {
    let world = World::new().await;
    let name = Domain::parse("a.example").unwrap();
    world.outside.mx("a.example", Security::Insecure, &["mx.a.example"]);
    world.outside.policy("a.example", "1", Mode::Enforce, &["mx.a.example"], 864_000);
    assert_eq!(told(&world).await, "secure match=mx.a.example");
    for is_purged in [false, true] {
        // Time to confirm the policy, which its record would.
        world.pass(20_000).await;
        world.outside.delay("record a.example", 3);
        let asked = world.outside.asked("record a.example");
        assert_eq!(told(&world).await, "secure match=mx.a.example");
        world.pass(1).await;
        assert_eq!(world.outside.asked("record a.example"), asked + 1);
        let before = world.store.0.lock().unwrap().get(&name).cloned();
        if is_purged {
            world.store.0.lock().unwrap().remove(&name);
            world.engine.forget(&name);
        }
        world.pass(10).await;
        let after = world.store.0.lock().unwrap().get(&name).cloned();
        if is_purged {
            assert_eq!(after, None);
        } else {
            assert!(after.is_some() && after != before, "confirmed");
        }
    }
}
