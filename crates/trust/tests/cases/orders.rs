//! What is wrong with orders to relax.

use super::*;
use crate::world::{cancel, order, signed};

pub(super) fn all() -> Vec<Attack> {
    let set =
        |orders: &[String], cancels: &[String]| RelaxSet { orders: orders.into(), cancels: cancels.into() };
    let (from, to) = ("2026-11-20T00:00:00Z", "2026-11-30T00:00:00Z");
    let of = |domains: &[&str], by: &str| signed(order(from, to, domains, &[], by), &[by]);
    let mut all = vec![
        of_orders(
            "relax-that-tightens",
            "relaxed: []\nrelax.no-effect",
            &set(&[of(&["t.example", "unlisted.example"], "delta")], &[]),
        ),
        of_orders(
            "relax-by-one-without-say",
            "relaxed: []\nrelax.void",
            &set(&[of(&["a.example"], "mallory")], &[]),
        ),
    ];
    let lent = signed(order(from, to, &["a.example"], &[], "beta"), &["delta"]);
    all.push(of_orders(
        "relax-in-anothers-name",
        "in the name of `beta`, which did not sign it",
        &set(&[lent], &[]),
    ));
    let long = signed(order(from, "2026-12-05T00:00:00Z", &["a.example"], &[], "delta"), &["delta"]);
    all.push(of_orders("relax-too-long", "want at most 14 days", &set(&[long], &[])));
    let many = signed(order(from, to, &[], &["big"], "delta"), &["delta"]);
    all.push(of_orders("relax-too-many", "of 28 entries at most 20 may be", &set(&[many], &[])));
    let ahead = signed(order("2026-11-23T00:00:00Z", to, &["a.example"], &[], "delta"), &["delta"]);
    all.push(of_orders("relax-from-the-future", "relaxed: []\nrelax.not-yet", &set(&[ahead], &[])));

    let one = of(&["a.example"], "delta");
    let by_other = signed(cancel(&one, "gamma"), &["gamma"]);
    all.push(of_orders(
        "relax-cancelled",
        "gamma took it back: not needed",
        &set(std::slice::from_ref(&one), &[by_other]),
    ));

    // Known from an earlier set; the set of today has the second order alone.
    let first = signed(
        order("2026-11-01T00:00:00Z", "2026-11-10T00:00:00Z", &["a.example"], &[], "delta"),
        &["delta"],
    );
    let list = Listing::ordinary(2);
    let (mut world, _, memory) = known(&list, &set(&[first], &[]));
    let bundle = world.publish(&list, &set(&[of(&["b.example", "a.example"], "beta")], &[]), TODAY);
    let mut renewed = attack("relax-renewed", "relaxed: []\nrelax.void", &world, bundle, &list);
    renewed.memory = Some(memory);
    all.push(renewed);

    // What was taken back stays so, even when the set no longer says it.
    let by_other = signed(cancel(&one, "gamma"), &["gamma"]);
    let (mut world, _, memory) = known(&list, &set(std::slice::from_ref(&one), &[by_other]));
    let bundle = world.publish(&list, &set(&[one], &[]), TODAY);
    let mut revived = attack("relax-revived", "gamma took it back", &world, bundle, &list);
    revived.memory = Some(memory);
    all.push(revived);
    all
}
