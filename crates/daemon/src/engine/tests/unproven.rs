//! Domains that DANE protects, while the resolver does not prove what it answers: after a restart, between two proofs, and under
//! clocks that jump.

use futures_util::future::join_all;
use starttls_discover::{Denial, MxState, Validation};
use starttls_policy::decide::evidence::{Security, Tlsa};

use super::world::START;
use super::{World, reply};
use crate::engine::{DenialState, EngineSettings, LookupState, Standing};

fn refuted() -> Validation {
    Validation::Refuted { words: "no AD".into() }
}

/// A world in which `dane.example` was answered by DANE.
async fn protected() -> World {
    let world = World::new().await;
    publish(&world, "dane.example");
    assert_eq!(reply(&world.ask("dane.example").await), "dane-only");
    world
}

fn publish(world: &World, domain: &str) {
    world.outside.mx(domain, Security::Secure, &["mx.a.example"]).tlsa("mx.a.example:25", Tlsa::Usable);
}

/// A resolver of an attacker, or one whose validation was switched off: no AD, no TLSA.
fn stop_validating(world: &World) {
    world.outside.validation(refuted()).mx("dane.example", Security::Insecure, &["mx.evil.example"]);
}

const TEN_YEARS: i64 = 315_576_000;

#[tokio::test(start_paused = true)]
async fn fault_10_restart_while_the_resolver_does_not_validate_keeps_mail_of_dane_domains_waiting() {
    let world = protected().await;
    stop_validating(&world);
    let again = world.restart().await;
    assert_eq!(again.engine.validation(), Standing::Refuted);
    assert_eq!(reply(&again.ask("dane.example").await), "TEMP");
    assert_eq!(reply(&again.ask("other.example").await), "NOTFOUND");
    // For an hour, and no longer.
    again.pass(3_700).await;
    assert_eq!(reply(&again.ask("dane.example").await), "NOTFOUND");
}

#[tokio::test(start_paused = true)]
async fn fault_10_first_proof_is_awaited_and_its_result_counts() {
    let world = protected().await;
    world.outside.delay("validation", 3);
    let again = World::starting(EngineSettings::default(), world.outside.clone(), world.store.clone());
    assert_eq!(reply(&again.ask("dane.example").await), "dane-only");
    assert_eq!(again.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn fault_10_proof_that_stays_open_keeps_mail_of_dane_domains_waiting_and_no_other() {
    let world = protected().await;
    world.outside.hang("validation").mx("dane.example", Security::Insecure, &["mx.evil.example"]);
    let again = World::starting(EngineSettings::default(), world.outside.clone(), world.store.clone());
    assert_eq!(reply(&again.ask("dane.example").await), "TEMP");
    assert!(again.elapsed() <= EngineSettings::default().answer_within, "{:?}", again.elapsed());
    assert_eq!(reply(&again.ask("other.example").await), "NOTFOUND");
}

#[tokio::test(start_paused = true)]
async fn fault_10_machine_without_validating_resolver_and_without_dane_before_answers_at_once() {
    let world = World::new().await;
    world.outside.validation(refuted());
    let fresh = world.restart().await;
    assert_eq!(reply(&fresh.ask("a.example").await), "NOTFOUND");
    assert_eq!(fresh.elapsed().as_secs(), 0);
}

#[tokio::test(start_paused = true)]
async fn fault_10_proven_absence_ends_dane_at_once() {
    let world = protected().await;
    world.outside.tlsa("mx.a.example:25", Tlsa::Absent);
    world.pass(301).await;
    assert_eq!(reply(&world.ask("dane.example").await), "NOTFOUND");
    stop_validating(&world);
    world.pass(61).await;
    assert_eq!(world.engine.validation(), Standing::Lost);
    assert_eq!(reply(&world.ask("dane.example").await), "NOTFOUND");
}

#[tokio::test(start_paused = true)]
async fn fault_10_override_wins_while_nothing_is_proven() {
    let world = protected().await;
    stop_validating(&world);
    let again = world.restart().await;
    again.lists.relax("dane.example", START + 864_000);
    assert_eq!(reply(&again.ask("dane.example").await), "may");
}

#[tokio::test(start_paused = true)]
async fn fault_10_clock_years_ahead_for_a_minute_does_not_end_the_protection() {
    let world = protected().await;
    stop_validating(&world);
    world.pass(61).await;
    world.jump(TEN_YEARS);
    world.pass(31).await;
    assert_eq!(reply(&world.ask("dane.example").await), "TEMP");
    world.jump(-TEN_YEARS);
    world.pass(31).await;
    assert_eq!(reply(&world.ask("dane.example").await), "TEMP");
}

#[tokio::test(start_paused = true)]
async fn fault_10_what_was_stored_by_a_clock_years_ahead_ends_within_the_hour() {
    let world = World::new().await;
    publish(&world, "dane.example");
    world.jump(TEN_YEARS);
    assert_eq!(reply(&world.ask("dane.example").await), "dane-only");
    world.jump(-TEN_YEARS);
    stop_validating(&world);
    let again = world.restart().await;
    assert_eq!(reply(&again.ask("dane.example").await), "TEMP");
    again.pass(3_700).await;
    assert_eq!(reply(&again.ask("dane.example").await), "NOTFOUND");
}

#[tokio::test(start_paused = true)]
async fn fault_11_insecure_answer_where_dane_counted_is_not_given_before_a_proof() {
    let world = World::new().await;
    world.outside.ttl(30);
    publish(&world, "dane.example");
    assert_eq!(reply(&world.ask("dane.example").await), "dane-only");
    world.pass(1).await;
    let proofs = world.outside.asked("validation");
    stop_validating(&world);
    // The next proof by the clock is half a minute away.
    world.pass(30).await;
    assert_eq!(reply(&world.ask("dane.example").await), "TEMP");
    assert_eq!(world.outside.asked("validation"), proofs + 1);
    assert_eq!(world.engine.validation(), Standing::Lost);
}

#[tokio::test(start_paused = true)]
async fn fault_11_proof_without_an_answer_lets_nothing_through() {
    let world = World::new().await;
    world.outside.ttl(30);
    publish(&world, "dane.example");
    assert_eq!(reply(&world.ask("dane.example").await), "dane-only");
    let failure = super::world::failure();
    world.outside.validation(Validation::Unknown(failure)).tlsa("mx.a.example:25", Tlsa::Absent);
    world.pass(31).await;
    assert_eq!(reply(&world.ask("dane.example").await), "TEMP");
}

#[tokio::test(start_paused = true)]
async fn fault_11_many_insecure_answers_share_a_proof_and_no_two_begin_within_a_second() {
    let world = World::new().await;
    world.outside.ttl(30);
    let domains: Vec<String> = (0..50).map(|number| format!("d{number}.example")).collect();
    for domain in &domains {
        publish(&world, domain);
        assert_eq!(reply(&world.ask(domain).await), "dane-only");
    }
    world.outside.tlsa("mx.a.example:25", Tlsa::Absent);
    world.pass(31).await;
    let (proofs, begun) = (world.outside.asked("validation"), world.elapsed());
    for answer in join_all(domains.iter().map(|domain| world.ask(domain))).await {
        // The resolver proves itself: the fresh answer counts.
        assert_eq!(reply(&answer), "NOTFOUND");
    }
    let seconds = world.elapsed().saturating_sub(begun).as_secs();
    let proofs = u64::from(world.outside.asked("validation") - proofs);
    assert!(proofs >= 1 && proofs <= seconds + 1, "{proofs}");
    assert!(seconds <= 2, "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn fault_10_records_that_were_never_seen_are_not_stored_as_dane() {
    let world = World::new().await;
    world.outside.mx("nx.example", Security::Secure, &["mx.a.example"]);
    world.outside.tlsa("mx.a.example:25", Tlsa::Inconclusive);
    assert_eq!(reply(&world.ask("nx.example").await), "dane-only");
    let domain = starttls_policy::Domain::parse("nx.example").unwrap();
    let stored = world.store.0.lock().unwrap().get(&domain).and_then(|kept| kept.dane_until);
    assert_eq!(stored, None);
}

#[tokio::test(start_paused = true)]
async fn fault_12_denials_that_fail_are_shown_and_change_no_answer() {
    let world = protected().await;
    assert_eq!(world.engine.denial(), DenialState::Working);
    world.outside.denial(Denial::Failing { words: "SERVFAIL".into() });
    world.pass(61).await;
    assert_eq!(world.engine.denial(), DenialState::Failing);
    assert_eq!(reply(&world.ask("dane.example").await), "dane-only");
    assert_eq!(reply(&world.ask("other.example").await), "NOTFOUND");
    world.outside.denial(Denial::Working);
    world.pass(61).await;
    assert_eq!(world.engine.denial(), DenialState::Working);
}

#[tokio::test(start_paused = true)]
async fn fault_16_resolver_that_answers_nothing_is_shown_until_it_is_back() {
    let world = World::new().await;
    world.ask("a.example").await;
    assert_eq!(world.engine.lookups().state, LookupState::Working);
    let inconclusive = |domain: &str| {
        world.outside.mx_state(domain, MxState::Inconclusive(super::world::failure()));
    };
    for number in 0..6 {
        let domain = format!("d{number}.example");
        inconclusive(&domain);
        assert_eq!(reply(&world.ask(&domain).await), "TEMP");
        world.pass(10).await;
    }
    let report = world.engine.lookups();
    assert_eq!((report.state, report.failure.as_deref()), (LookupState::Failing, Some("SERVFAIL")));
    world.ask("b.example").await;
    assert_eq!(world.engine.lookups().state, LookupState::Working);
    world.outside.resolver(Some("REFUSED"));
    let report = world.engine.lookups();
    assert_eq!(report.state, LookupState::Failing);
    assert!(report.failure.unwrap().contains("127.0.0.1:53"));
}

/// A forwarder that turns every denial into SERVFAIL: what is said of it is what the socket answers.
#[tokio::test(start_paused = true)]
async fn fault_d1_docs_say_what_is_answered_where_denials_fail() {
    let world = World::new().await;
    world.outside.mx("signed.example", Security::Secure, &["mx.a.example"]);
    world.outside.tlsa("mx.a.example:25", Tlsa::Inconclusive);
    world.outside.mx_state("no-mx.example", MxState::Inconclusive(super::world::failure()));
    let docs = include_str!("../../../../../docs/daemon.md");
    let row = docs.lines().find(|line| line.starts_with("| the resolver fails for names that are not there"));
    let row = row.unwrap();
    for (domain, of_whom, want) in [
        ("signed.example", "signed domains without TLSA records: `dane-only`", "dane-only"),
        ("no-mx.example", "Signed domains without MX records: TEMP", "TEMP"),
    ] {
        assert_eq!(reply(&world.ask(domain).await), want);
        assert!(row.contains(of_whom), "{row}");
    }
}
