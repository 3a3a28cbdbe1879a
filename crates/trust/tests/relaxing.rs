//! Relax orders: what they let through, for how long, and what makes them void.
#![allow(clippy::unwrap_used, reason = "what should be accepted and is not is a failed test")]

mod world;

use proptest::prelude::*;
use starttls_policy::{List, Mode};
use starttls_trust::document::{RelaxSet, Root};
use starttls_trust::relax::{InForce, Order, RelaxOrders, in_force, max_domains, read};

use world::{NOW, cancel, list_text, order, root, signed, time};

fn list(more: &str) -> List {
    world::read(&list_text(1, "2026-11-01T00:00:00Z", "2027-11-01T00:00:00Z", more))
}

fn set(orders: &[&String]) -> RelaxSet {
    RelaxSet { orders: orders.iter().map(|note| (*note).clone()).collect(), cancels: Vec::new() }
}

/// What a set comes to at a time, for a client that remembers these orders.
fn judged(set: &RelaxSet, remembered: &[Order], now: &str) -> InForce {
    let known = read(&root(), set, remembered);
    let mut out = in_force(&known.orders, &list(""), RelaxOrders::Honoured, time(now));
    out.findings.extend(known.findings);
    out
}

fn relaxed(out: &InForce) -> Vec<&str> {
    out.relaxations.keys().map(starttls_policy::Domain::as_str).collect()
}

fn codes(out: &InForce) -> Vec<&str> {
    out.findings.iter().map(|finding| finding.code).collect()
}

fn by_delta(from: &str, to: &str, domains: &[&str]) -> String {
    signed(order(from, to, domains, &[], "delta"), &["delta"])
}

const FROM: &str = "2026-11-20T00:00:00Z";
const TO: &str = "2026-11-30T00:00:00Z";

mod an_order {
    use super::*;

    #[test]
    fn makes_enforced_entries_testing_and_says_whose_and_until_when() {
        let out = judged(&set(&[&by_delta(FROM, TO, &["a.example", "t.example"])]), &[], NOW);
        assert_eq!(relaxed(&out), ["a.example"]);
        let held = out.relaxations.values().next().unwrap();
        assert_eq!(
            (held.by.as_str(), held.until, held.reason.as_str()),
            ("delta", time(TO), "certificate lost")
        );
        assert_eq!((codes(&out), out.until), (vec!["relax.no-effect", "relax.in-force"], Some(time(TO))));
    }

    #[test]
    fn begins_and_ends_at_its_seconds() {
        let set = set(&[&by_delta(FROM, TO, &["a.example"])]);
        for (now, count) in [("2026-11-19T23:59:59Z", 0), (FROM, 1), ("2026-11-29T23:59:59Z", 1), (TO, 0)] {
            assert_eq!(judged(&set, &[], now).relaxations.len(), count, "{now}");
        }
        assert_eq!(judged(&set, &[], "2026-11-19T00:00:00Z").until, Some(time(FROM)));
    }

    #[test]
    fn warns_three_days_before_entries_snap_back() {
        let set = set(&[&by_delta(FROM, TO, &["a.example"])]);
        assert_eq!(codes(&judged(&set, &[], "2026-11-26T23:59:59Z")), ["relax.in-force"]);
        let out = judged(&set, &[], "2026-11-27T00:00:00Z");
        assert_eq!(codes(&out), ["relax.ends-soon"]);
        assert!(
            out.findings[0]
                .message
                .contains("a.example by delta until 2026-11-30T00:00:00Z, then enforced again")
        );
    }

    #[test]
    fn has_no_effect_where_the_operator_refuses_them() {
        let known = read(&root(), &set(&[&by_delta(FROM, TO, &["a.example"])]), &[]);
        let out = in_force(&known.orders, &list(""), RelaxOrders::Refused, time(NOW));
        assert_eq!((relaxed(&out), codes(&out)), (vec![], vec!["relax.refused"]));
    }

    #[test]
    fn that_left_the_set_is_over_and_remembered() {
        let known = read(&root(), &set(&[&by_delta(FROM, TO, &["a.example"])]), &[]);
        let out = judged(&RelaxSet::default(), &known.orders, NOW);
        assert_eq!((relaxed(&out).len(), codes(&out).len()), (0, 0));
        let again = by_delta("2026-11-21T00:00:00Z", TO, &["a.example"]);
        assert_eq!(codes(&judged(&set(&[&again]), &known.orders, NOW)), ["relax.void"]);
    }

    #[test]
    fn whose_signer_lost_the_role_is_void() {
        let note = by_delta(FROM, TO, &["a.example"]);
        let without = Root {
            roles: starttls_trust::document::Roles { relax: root().roles.list, ..root().roles },
            ..root()
        };
        let known = read(&without, &set(&[&note]), &[]);
        assert_eq!(known.orders, []);
        assert!(known.findings[0].message.contains("delta signed too and has no say there"));
    }
}

mod renewal {
    use super::*;

    const FIRST: (&str, &str) = ("2026-08-01T00:00:00Z", "2026-08-14T00:00:00Z");

    #[test]
    fn is_for_those_who_sign_lists() {
        let first = by_delta(FIRST.0, FIRST.1, &["a.example"]);
        // 89 days after the end of the first.
        let (from, to, now) = ("2026-11-11T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-12T00:00:00Z");
        let alone = by_delta(from, to, &["b.example", "a.example"]);
        assert_eq!(relaxed(&judged(&set(&[&first, &alone]), &[], now)), [""; 0], "void as a whole");
        let two = signed(order(from, to, &["a.example"], &[], "alpha"), &["alpha", "gamma"]);
        assert_eq!(relaxed(&judged(&set(&[&first, &two]), &[], now)), ["a.example"]);
        // One organisation with two keys is no threshold.
        let twice = signed(order(from, to, &["a.example"], &[], "alpha"), &["alpha", "alpha.2"]);
        assert_eq!(codes(&judged(&set(&[&first, &twice]), &[], now)), ["relax.void"]);
    }

    #[test]
    fn is_what_begins_less_than_ninety_days_after() {
        let first = by_delta(FIRST.0, FIRST.1, &["a.example"]);
        for (from, count) in [("2026-11-11T23:59:59Z", 0), ("2026-11-12T00:00:00Z", 1)] {
            let next = by_delta(from, "2026-11-20T00:00:00Z", &["a.example"]);
            let out = judged(&set(&[&first, &next]), &[], "2026-11-13T00:00:00Z");
            assert_eq!(out.relaxations.len(), count, "{from}");
        }
    }

    #[test]
    fn through_a_provider_counts_too() {
        let first = by_delta(FIRST.0, FIRST.1, &["p03.example"]);
        let shared = signed(order(FROM, TO, &["a.example"], &[], "delta"), &["delta"]);
        let by_provider =
            signed(order("2026-10-01T00:00:00Z", "2026-10-05T00:00:00Z", &[], &["big"], "delta"), &["delta"]);
        let out = judged(&set(&[&first, &by_provider, &shared]), &[], "2026-10-02T00:00:00Z");
        let void = out.findings.iter().find(|finding| finding.code == "relax.void").unwrap();
        assert!(void.message.contains("for p03.example"), "{}", void.message);
    }

    #[test]
    fn that_was_void_is_no_ground_against_the_next() {
        let first = by_delta(FIRST.0, FIRST.1, &["a.example"]);
        let void = by_delta("2026-10-01T00:00:00Z", "2026-10-10T00:00:00Z", &["a.example"]);
        let next = by_delta(FROM, TO, &["a.example"]);
        assert_eq!(relaxed(&judged(&set(&[&first, &void, &next]), &[], NOW)), ["a.example"]);
    }
}

mod cancellation {
    use super::*;

    fn with(orders: &[&String], cancels: &[String]) -> RelaxSet {
        RelaxSet { cancels: cancels.into(), ..set(orders) }
    }

    #[test]
    fn is_for_any_organisation_but_those_that_ordered() {
        let note = by_delta(FROM, TO, &["a.example"]);
        for (by, says, count) in [
            (["gamma"], "gamma took it back", 0),
            (["delta"], "none but delta", 1),
            (["mallory"], "in the name of `mallory`", 1),
        ] {
            let cancel = signed(cancel(&note, by[0]), &by);
            let out = judged(&with(&[&note], &[cancel]), &[], NOW);
            assert_eq!(out.relaxations.len(), count, "{by:?}");
            assert!(out.findings.iter().any(|finding| finding.message.contains(says)), "{:?}", out.findings);
        }
    }

    #[test]
    fn of_an_order_by_two_needs_a_third() {
        let note = signed(order(FROM, TO, &["a.example"], &[], "alpha"), &["alpha", "beta"]);
        for (by, count) in [("alpha", 1), ("beta", 1), ("gamma", 0), ("delta", 0)] {
            let cancel = signed(cancel(&note, by), &[by]);
            assert_eq!(judged(&with(&[&note], &[cancel]), &[], NOW).relaxations.len(), count, "{by}");
        }
    }

    #[test]
    fn that_comes_after_the_order_left_the_set_is_remembered() {
        let note = by_delta(FROM, TO, &["a.example"]);
        let known = read(&root(), &set(&[&note]), &[]);
        let cancel = signed(cancel(&note, "beta"), &["beta"]);
        let known = read(&root(), &with(&[], &[cancel]), &known.orders);
        assert_eq!(judged(&set(&[&note]), &known.orders, NOW).relaxations.len(), 0);
    }
}

mod limits {
    use super::*;

    fn many(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|n| format!("n{n:04}.example")).collect()
    }

    fn by_delta_of(names: &[String]) -> String {
        by_delta(FROM, TO, &names.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn are_twenty_domains_or_one_in_a_hundred() {
        assert_eq!([0, 20, 2_000, 2_099, 2_100, 1_000_000].map(max_domains), [20, 20, 20, 20, 21, 10_000]);
    }

    #[test]
    fn hold_for_all_orders_together() {
        let (first, second) = (by_delta_of(&many(0..15)), by_delta_of(&many(15..21)));
        let out = judged(&set(&[&first, &second]), &[], NOW);
        assert_eq!(codes(&out).iter().filter(|code| **code == "relax.void").count(), 1);
        let (first, second) = (by_delta_of(&many(0..15)), by_delta_of(&many(10..20)));
        let out = judged(&set(&[&first, &by_delta_of(&many(15..20))]), &[], NOW);
        assert!(!codes(&out).contains(&"relax.void"), "{:?}", out.findings);
        // Of two that cover one domain the later is a renewal.
        assert!(codes(&judged(&set(&[&first, &second]), &[], NOW)).contains(&"relax.void"));
    }

    #[test]
    fn let_all_domains_of_a_provider_through_where_there_are_few() {
        let more: Vec<_> =
            (0..2_500).map(|n| format!(r#", "n{n:04}.example": {{"mode": "none"}}"#)).collect();
        let list = list(&more.concat());
        let note = signed(order(FROM, TO, &[], &["big"], "delta"), &["delta"]);
        let known = read(&root(), &set(&[&note]), &[]);
        let out = in_force(&known.orders, &list, RelaxOrders::Honoured, time(NOW));
        assert_eq!(out.relaxations.len(), 25);
    }
}

const NAMES: [&str; 5] = ["a.example", "b.example", "t.example", "p07.example", "unlisted.example"];

fn any_order() -> impl Strategy<Value = String> {
    let domains = proptest::sample::subsequence(&NAMES, 0..4);
    let by = proptest::sample::subsequence(&["alpha", "beta", "delta", "mallory"], 1..3);
    (0u64..40, 0u64..20, domains, any::<bool>(), by).prop_map(|(start, days, domains, big, by)| {
        let start = time("2026-10-25T00:00:00Z").seconds() + start * 86_400;
        let at = |seconds| starttls_policy::Timestamp::from_seconds(seconds).unwrap().to_string();
        let providers: &[&str] = if big { &["big"] } else { &[] };
        let order = order(&at(start), &at(start + days * 86_400), &domains, providers, by[0]);
        signed(order, &by)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_but_enforce_to_testing_for_a_fortnight_can_come_out(
        orders in proptest::collection::vec(any_order(), 0..6),
    ) {
        let (now, list) = (time(NOW), list(""));
        let known = read(&root(), &RelaxSet { orders, cancels: Vec::new() }, &[]);
        let out = in_force(&known.orders, &list, RelaxOrders::Honoured, now);
        prop_assert!(out.relaxations.len() <= max_domains(list.entries.len()));
        for (domain, relaxation) in &out.relaxations {
            prop_assert_eq!(list.get(domain).unwrap().policy.mode, Mode::Enforce);
            prop_assert!(relaxation.until > now && now.until(relaxation.until).as_secs() <= 14 * 86_400);
            prop_assert!(!relaxation.by.is_empty() && !relaxation.by.contains("mallory"));
        }
    }
}
