//! MTA-STS through the engine: what is kept holds, what is new is noticed, what fails takes nothing away.

use starttls_discover::RecordState;
use starttls_policy::Mode;
use starttls_policy::decide::evidence::{Security, Tlsa};

use super::world::failure;
use super::{World, reply};
use crate::answer::{Form, Reply};
use crate::learned::ToVerify;

async fn world() -> World {
    let world = World::new().await;
    world.outside.mx("a.example", Security::Insecure, &["mx.a.example"]);
    world
}

async fn told(world: &World) -> String {
    reply(&world.ask("a.example").await)
}

const ENFORCED: &str = "secure match=mx.a.example";

fn enforce(world: &World, max_age: u64) {
    world.outside.policy("a.example", "1", Mode::Enforce, &["mx.a.example"], max_age);
}

#[tokio::test(start_paused = true)]
async fn policy_is_fetched_and_enforced() {
    let world = world().await;
    enforce(&world, 86_400);
    assert_eq!(told(&world).await, ENFORCED);
}

#[tokio::test(start_paused = true)]
async fn new_id_is_noticed_long_before_max_age() {
    let world = world().await;
    enforce(&world, 31_557_600);
    assert_eq!(told(&world).await, ENFORCED);
    world.outside.policy("a.example", "2", Mode::Enforce, &["new.a.example"], 86_400);
    for _ in 0..4 {
        world.pass(600).await;
        told(&world).await;
    }
    assert_eq!(told(&world).await, "secure match=new.a.example");
    assert_eq!(world.outside.asked("policy a.example"), 2, "one fetch per id");
}

#[tokio::test(start_paused = true)]
async fn record_that_vanishes_releases_nothing_before_the_end() {
    let world = world().await;
    enforce(&world, 86_400);
    told(&world).await;
    world.outside.record("a.example", RecordState::Absent).policy_host_fails("a.example");
    world.pass(80_000).await;
    assert_eq!(told(&world).await, ENFORCED);
    world.pass(10_000).await;
    assert_eq!(told(&world).await, "NOTFOUND");
}

#[tokio::test(start_paused = true)]
async fn failing_dns_and_policy_host_release_nothing_before_the_end() {
    let world = world().await;
    enforce(&world, 86_400);
    told(&world).await;
    world.outside.record("a.example", RecordState::Inconclusive(failure()));
    world.pass(40_000).await;
    assert_eq!(told(&world).await, ENFORCED);
    world.outside.record("a.example", RecordState::Id("2".into())).policy_host_fails("a.example");
    world.pass(40_000).await;
    assert_eq!(told(&world).await, ENFORCED);
}

#[tokio::test(start_paused = true)]
async fn policy_with_a_tiny_max_age_leaves_no_holes() {
    for max_age in [0, 5] {
        let world = world().await;
        enforce(&world, max_age);
        for second in 0..2_000 {
            world.pass(1).await;
            assert_eq!(told(&world).await, ENFORCED, "max_age {max_age}, after {second} s");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hanging_policy_host_holds_mail_up_for_seconds_once_and_then_not_at_all() {
    let world = world().await;
    enforce(&world, 86_400);
    world.outside.hang("policy a.example");
    let before = world.elapsed();
    assert_eq!(told(&world).await, "NOTFOUND");
    assert_eq!(world.elapsed().as_secs(), before.as_secs() + 5);
    let before = world.elapsed();
    assert_eq!(told(&world).await, "NOTFOUND");
    assert_eq!(world.elapsed(), before);
}

/// Each map, port and spelling has a cached answer of its own.
#[tokio::test(start_paused = true)]
async fn fault_policy_that_arrives_late_replaces_the_cached_none_for_all_maps_at_once() {
    let world = world().await;
    enforce(&world, 86_400);
    world.outside.delay("policy a.example", 8);
    let ask = async |form, key| reply(&world.ask_as(form, key).await);
    let all = || {
        let forms = [Form::Plain, Form::Tlsrpt, Form::Sendmail];
        let keys = ["a.example", "A.Example", "a.example:587", "[a.example]", "[a.example]:465"];
        forms.into_iter().flat_map(move |form| keys.map(|key| (form, key)))
    };
    let first = futures_util::future::join_all(all().map(|(form, key)| ask(form, key))).await;
    assert!(first.iter().all(|reply| reply == "NOTFOUND"), "{first:?}");
    world.pass(4).await;
    for (form, key) in all() {
        let told = ask(form, key).await;
        assert!(told.starts_with(ENFORCED), "{form:?} {key}: {told}");
    }
    assert_eq!(world.outside.asked("policy a.example"), 1);
}

#[tokio::test(start_paused = true)]
async fn fault_policy_that_changes_replaces_the_cached_answer_for_all_ports_at_once() {
    let world = world().await;
    enforce(&world, 31_557_600);
    for key in ["a.example", "a.example:587"] {
        assert_eq!(reply(&world.ask(key).await), ENFORCED);
    }
    world.outside.policy("a.example", "2", Mode::Enforce, &["new.a.example"], 86_400);
    let domain = starttls_policy::Domain::parse("a.example").unwrap();
    world.engine.refresh(&domain).await;
    for key in ["a.example", "a.example:587"] {
        assert_eq!(reply(&world.ask(key).await), "secure match=new.a.example", "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn list_entry_protects_first_contact_when_discovery_fails() {
    let world = world().await;
    world.lists.list("a.example", "enforce", "mx.a.example");
    world.outside.record("a.example", RecordState::Id("1".into())).policy_host_fails("a.example");
    assert_eq!(told(&world).await, ENFORCED);
}

#[tokio::test(start_paused = true)]
async fn fetched_none_releases_the_list_entry_durably() {
    let world = world().await;
    world.lists.list("a.example", "enforce", "mx.a.example");
    assert_eq!(told(&world).await, ENFORCED);
    world.outside.policy("a.example", "1", Mode::None, &[], 86_400);
    world.engine.forget_answers();
    assert_eq!(told(&world).await, "NOTFOUND");
    // Ended, and gone from DNS: what the domain said last still counts.
    world.outside.record("a.example", RecordState::Absent);
    world.pass(200_000).await;
    assert_eq!(told(&world).await, "NOTFOUND");
}

#[tokio::test(start_paused = true)]
async fn testing_delivers_and_is_to_be_verified_in_the_shadow() {
    let world = world().await;
    world.outside.policy("a.example", "1", Mode::Testing, &["mx.a.example"], 86_400);
    assert_eq!(told(&world).await, "NOTFOUND");
    assert_eq!(world.store.to_verify_now(), [("a.example".to_owned(), ToVerify::StsTesting)]);
}

#[tokio::test(start_paused = true)]
async fn listed_testing_is_to_be_verified_in_the_shadow() {
    let world = world().await;
    world.lists.list("a.example", "testing", "mx.a.example");
    assert_eq!(told(&world).await, "NOTFOUND");
    assert_eq!(world.store.to_verify_now(), [("a.example".to_owned(), ToVerify::ListTesting)]);
}

#[tokio::test(start_paused = true)]
async fn kept_policy_holds_after_a_restart_without_a_network() {
    let world = world().await;
    enforce(&world, 864_000);
    told(&world).await;
    world.outside.hang("record a.example").hang("policy a.example");
    let again =
        World::with(crate::engine::EngineSettings::default(), world.outside.clone(), world.store.clone())
            .await;
    again.pass(3_600).await;
    let before = again.elapsed();
    assert_eq!(told(&again).await, ENFORCED);
    assert_eq!(again.elapsed(), before, "nobody waits for a policy host that we know");
}

#[tokio::test(start_paused = true)]
async fn what_another_node_learnt_protects_at_once_and_weakens_only_when_seen_here() {
    for (mode, told_first) in [(Mode::Enforce, ENFORCED), (Mode::None, ENFORCED)] {
        let world = world().await;
        world.lists.list("a.example", "enforce", "mx.a.example");
        world.outside.policy("a.example", "1", mode, &["mx.a.example"], 86_400);
        told(&world).await;
        world.store.learnt_elsewhere("a.example");
        world.store.0.lock().unwrap().values_mut().for_each(|kept| kept.release = None);
        // Here the policy host cannot be reached.
        world.outside.policy_host_fails("a.example");
        let node =
            World::with(crate::engine::EngineSettings::default(), world.outside.clone(), world.store.clone())
                .await;
        node.lists.list("a.example", "enforce", "mx.a.example");
        assert_eq!(told(&node).await, told_first, "{mode}");
    }
}

#[tokio::test(start_paused = true)]
async fn published_tlsa_is_noticed_although_a_policy_is_kept() {
    let world = world().await;
    enforce(&world, 31_557_600);
    assert_eq!(told(&world).await, ENFORCED);
    world.outside.mx("a.example", Security::Secure, &["mx.a.example"]).tlsa("mx.a.example:25", Tlsa::Usable);
    world.pass(301).await;
    told(&world).await;
    world.pass(301).await;
    assert_eq!(told(&world).await, "dane-only");
}

#[tokio::test(start_paused = true)]
async fn clock_that_jumps_neither_ends_nor_prolongs_policies() {
    let world = world().await;
    enforce(&world, 86_400);
    told(&world).await;
    world.outside.record("a.example", RecordState::Absent);
    world.jump(100_000);
    world.pass(3_601).await;
    assert_eq!(told(&world).await, ENFORCED);
    world.pass(86_400).await;
    assert_eq!(told(&world).await, "NOTFOUND");
}

#[tokio::test(start_paused = true)]
async fn sendmail_is_told_of_a_policy_where_dane_holds_too() {
    let world = World::new().await;
    world.outside.mx("a.example", Security::Secure, &["mx.a.example"]).tlsa("mx.a.example:25", Tlsa::Usable);
    enforce(&world, 86_400);
    assert_eq!(told(&world).await, "dane-only");
    let sendmail = reply(&world.ask_as(Form::Sendmail, "a.example").await);
    assert!(sendmail.starts_with(ENFORCED), "{sendmail}");
    assert_eq!(told(&world).await, "dane-only");
}

/// `*.com` is valid, and cannot be used: any stranger there has a certificate.
const PARTLY_USABLE: &str = "version: STSv1\nmode: enforce\nmax_age: 86400\nmx: *.com\nmx: *.a.example\n";

#[tokio::test(start_paused = true)]
async fn fault_policy_with_an_unusable_line_is_enforced_with_the_others_and_says_so() {
    let world = world().await;
    world.outside.policy_text("a.example", "1", PARTLY_USABLE);
    assert_eq!(told(&world).await, "secure match=.a.example");
    let failures = world.engine.0.journal.failures();
    let finding = failures.iter().find(|failure| failure.what == "mta-sts.mx-line-unusable").unwrap();
    assert!(finding.words.contains("line 4") && finding.words.contains("public suffix"), "{}", finding.words);
}

/// The line that was left out may be the one that covers them: to enforce the others would hold up all mail.
#[tokio::test(start_paused = true)]
async fn fault_policy_whose_usable_lines_cover_no_mx_host_is_not_enforced_and_fetched_again_soon() {
    let world = world().await;
    world.outside.mx("a.example", Security::Insecure, &["mx.hosting.com"]);
    world.outside.policy_text("a.example", "1", PARTLY_USABLE);
    assert_eq!(told(&world).await, "NOTFOUND");
    world.outside.policy("a.example", "1", Mode::Enforce, &["mx.hosting.com"], 86_400);
    world.pass(301).await;
    assert_eq!(told(&world).await, "secure match=mx.hosting.com");
}

#[tokio::test(start_paused = true)]
async fn fault_policy_whose_usable_lines_cover_no_mx_host_does_not_replace_one_that_holds() {
    let world = world().await;
    enforce(&world, 86_400);
    assert_eq!(told(&world).await, ENFORCED);
    world.outside.mx("a.example", Security::Insecure, &["mx.hosting.com"]);
    world.outside.policy_text("a.example", "2", PARTLY_USABLE);
    world.pass(80_000).await;
    assert_eq!(told(&world).await, ENFORCED, "RFC 8461 §3.3: until its max_age has passed");
    world.pass(10_000).await;
    assert_eq!(told(&world).await, "NOTFOUND");
}

/// A whole policy protects from just that: MX records of an attacker.
#[tokio::test(start_paused = true)]
async fn whole_policy_that_covers_no_mx_host_is_enforced() {
    let world = world().await;
    enforce(&world, 86_400);
    world.outside.mx("a.example", Security::Insecure, &["mx.attacker.example"]);
    assert_eq!(told(&world).await, ENFORCED);
}

/// Postfix reads replies of 100,000 bytes (socketmap_table(5)).
#[tokio::test(start_paused = true)]
async fn fault_policy_of_any_valid_size_has_a_reply_that_postfix_reads() {
    let long = |n: usize| format!("{}{n:03}.{}.a.example", "x".repeat(60), "y".repeat(63));
    for (count, name) in [
        (400, &(|n| format!("mx{n}.mail.a.example")) as &dyn Fn(usize) -> String),
        (4_000, &|n| format!("{n}.ab.de")),
        (440, &long),
    ] {
        let world = world().await;
        let lines = (0..count).fold(String::new(), |lines, n| lines + "mx: " + &name(n) + "\n");
        let text = format!("version: STSv1\nmode: enforce\nmax_age: 86400\n{lines}");
        world.outside.policy_text("a.example", "1", &text);
        for form in [Form::Plain, Form::Tlsrpt, Form::Sendmail] {
            let Reply::Ok(text) = world.ask_as(form, "a.example").await else { panic!("{form:?}") };
            assert!("OK ".len() + text.len() <= 100_000, "{form:?}: {}", text.len());
            assert!(text.starts_with("secure match="), "{form:?}");
            assert!((0..count).all(|n| text.contains(&name(n))), "{form:?}");
            starttls_mta::postfix::Answer::parse_reply(&text, "a.example").unwrap();
        }
    }
}

/// The wall clock years ahead, and a policy host that cannot be asked: the policy has not ended by the clock that nobody can set.
#[tokio::test(start_paused = true)]
async fn fault_d6_clock_years_ahead_does_not_end_a_policy_whose_host_cannot_be_asked() {
    const TEN_YEARS: i64 = 315_576_000;
    for record in [RecordState::Inconclusive(failure()), RecordState::Absent, RecordState::Id("2".into())] {
        let world = world().await;
        enforce(&world, 86_400);
        assert_eq!(told(&world).await, ENFORCED);
        world.outside.record("a.example", record.clone()).policy_host_fails("a.example");
        world.jump(TEN_YEARS);
        for _ in 0..20 {
            world.pass(3_600).await;
            assert_eq!(told(&world).await, ENFORCED, "{record:?}");
        }
        // Never longer than `max_age` of steady time.
        world.pass(4 * 3_600 + 600).await;
        assert_eq!(told(&world).await, "NOTFOUND", "{record:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn fault_d6_clock_set_back_after_a_jump_leaves_a_policy_its_own_end() {
    const TEN_YEARS: i64 = 315_576_000;
    let world = world().await;
    enforce(&world, 86_400);
    assert_eq!(told(&world).await, ENFORCED);
    world.outside.policy_host_fails("a.example");
    world.jump(TEN_YEARS);
    world.pass(40_000).await;
    assert_eq!(told(&world).await, ENFORCED);
    world.jump(-TEN_YEARS);
    world.pass(40_000).await;
    assert_eq!(told(&world).await, ENFORCED);
    world.pass(10_000).await;
    assert_eq!(told(&world).await, "NOTFOUND");
}

/// Authorities that can be read at last: policies that could not be fetched without them are fetched at once.
#[tokio::test(start_paused = true)]
async fn fault_d3_domains_that_failed_are_fetched_anew_when_the_surroundings_change() {
    let world = world().await;
    enforce(&world, 86_400);
    world.outside.policy_host_fails("a.example");
    assert_eq!(told(&world).await, "NOTFOUND");
    enforce(&world, 86_400);
    assert_eq!(told(&world).await, "NOTFOUND", "cached");
    world.engine.surroundings_changed().await;
    assert_eq!(told(&world).await, ENFORCED);
}
