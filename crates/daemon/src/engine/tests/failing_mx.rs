//! MX look-ups that fail: mail waits, whatever is known of the resolver's validation, and all that tells of it says so.
//!
//! Spec: RFC 7672 §2.1.2 (an MX look-up that fails is a failure of the delivery).

use starttls_discover::{MxState, RecordState, Validation};
use starttls_policy::Mode;
use starttls_policy::decide::evidence::Security;

use super::world::failure;
use super::{World, reply};
use crate::engine::{LookupState, Standing};

const DOMAINS: [&str; 6] = ["a.example", "b.example", "c.example", "d.example", "e.example", "f.example"];

fn refuted() -> Validation {
    Validation::Refuted { words: "no AD".into() }
}

/// A world whose resolver is known to be in such a state.
async fn world(standing: Standing) -> World {
    let world = World::new().await;
    let world = match standing {
        Standing::Proven => world,
        Standing::Lost => {
            world.outside.validation(refuted());
            world.pass(61).await;
            world
        }
        Standing::Refuted => {
            world.outside.validation(refuted());
            world.restart().await
        }
        Standing::Unknown => {
            world.outside.validation(Validation::Unknown(failure()));
            world.restart().await
        }
    };
    assert_eq!(world.engine.validation(), standing);
    world
}

const ALL: [Standing; 4] = [Standing::Proven, Standing::Lost, Standing::Refuted, Standing::Unknown];

/// Every look-up fails; then all are answered.
fn outage(world: &World) {
    for domain in DOMAINS {
        world.outside.mx_state(domain, MxState::Inconclusive(failure()));
        world.outside.record(domain, RecordState::Inconclusive(failure()));
    }
}

fn end_of_outage(world: &World) {
    for domain in DOMAINS {
        world.outside.mx(domain, Security::Insecure, &["mx.a.example"]);
        world.outside.policy(domain, "1", Mode::Enforce, &["mx.a.example"], 86_400);
    }
}

#[tokio::test(start_paused = true)]
async fn fault_dd2_new_domain_waits_in_every_state_of_validation_and_the_report_says_so() {
    for standing in ALL {
        let world = world(standing).await;
        outage(&world);
        for domain in DOMAINS {
            assert_eq!(reply(&world.ask(domain).await), "TEMP", "{standing:?}");
        }
        assert_eq!(world.engine.lookups().state, LookupState::Degraded, "{standing:?}");
        world.pass(31).await;
        assert_eq!(reply(&world.ask("a.example").await), "TEMP", "{standing:?}");
        assert_eq!(world.engine.lookups().state, LookupState::Failing, "{standing:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn fault_dd2_domains_of_mta_sts_are_asked_anew_at_once_when_look_ups_are_answered_again() {
    for standing in ALL {
        let world = world(standing).await;
        outage(&world);
        for domain in DOMAINS {
            assert_eq!(reply(&world.ask(domain).await), "TEMP", "{standing:?}");
        }
        world.pass(1).await;
        end_of_outage(&world);
        // Anybody's look-up shows that the resolver is back.
        world.ask("other.example").await;
        for domain in DOMAINS {
            assert_eq!(reply(&world.ask(domain).await), "secure match=mx.a.example", "{standing:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn fault_dd2_resolver_that_is_gone_and_back_leaves_no_answer_without_mta_sts() {
    let world = world(Standing::Refuted).await;
    world.outside.resolver(Some("connection refused"));
    world.pass(2).await;
    outage(&world);
    assert_eq!(reply(&world.ask("a.example").await), "TEMP");
    assert_eq!(world.engine.lookups().state, LookupState::Failing);
    end_of_outage(&world);
    world.outside.resolver(None);
    world.pass(2).await;
    assert_eq!(reply(&world.ask("a.example").await), "secure match=mx.a.example");
}

#[tokio::test(start_paused = true)]
async fn where_mail_goes_is_not_asked_twice_within_the_ttl_while_dane_is_not_available() {
    let world = world(Standing::Refuted).await;
    world.outside.mx("a.example", Security::Insecure, &["mx.a.example"]);
    assert_eq!(reply(&world.ask("a.example").await), "NOTFOUND");
    outage(&world);
    world.pass(40).await;
    assert_eq!(reply(&world.ask("a.example").await), "NOTFOUND", "an answer that is cached counts");
    assert_eq!(world.outside.asked("mx a.example"), 1);
}
